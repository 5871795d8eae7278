(* Exact lower bounds: Amin evicts no request, and its schedule is that of H-SF. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Safety Refine Rules.
From AminRef.facts Require Import Sums Lists Decisions Order Steps Ranks Machine Rounds Reserving.
Import ListNotations.
Open Scope Z_scope.

Section ExactBounds.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Hypothesis exact_lower : Forall (fun r => lower r = output_len r) requests.
Notation h_sf := (h_sf M B).
Notation amin := (amin M B).

(* No running request has generated all tokens that are assumed. *)
Lemma within_bounds s : safe M B requests s ->
  Forall (fun j => generated j < assumed j) (running s).
Proof.
  intros before. rewrite Forall_forall in *. intros j here.
  pose proof (running_well _ _ _ _ before) as well. rewrite Forall_forall in well.
  destruct (well j here) as ((_ & low) & range & _).
  assert (is_known : In (tag j) requests)
    by (apply (known M B requests s before); left; now apply in_map).
  specialize (exact_lower _ is_known). cbn beta in exact_lower. lia.
Qed.

(* So no request is evicted. *)
Lemma none_evicted s s' arrived later E S A L finished going : reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going -> E = [].
Proof.
  intros reached parts. destruct E as [|y E'] eqn:shape; [reflexivity|]. exfalso.
  rewrite <- shape in *.
  destruct (evicted_outlives M B requests instance s s' _ _ _ _ _ _ _ _ reached parts y)
    as (x & here & _ & out & _); [rewrite shape; now left|].
  destruct (from_running M B _ _ _ _ _ _ _ _ _ _ parts x here) as (i & there & ->).
  pose proof (within_bounds s (reaches_safe M B requests instance s reached)) as within.
  rewrite Forall_forall in within. specialize (within i there).
  rewrite learnt_assumed in out. cbn in out. lia.
Qed.

(* What runs fits as planned. *)
Lemma running_plan_fits s : safe M B requests s -> never_exceeds M B (running s).
Proof.
  intros before k from_now. destruct (nothing_learnt _ (within_bounds s before)) as [same all].
  rewrite <- all, <- same. exact (planned _ _ _ _ before k from_now).
Qed.

(* What H-SF decides is Amin's decision without evictions. *)
Lemma decides_alike s s' arrived later A L finished going :
  safe M B requests s -> ranked s -> in_order (waiting s) ->
  reserving_round M B h_sf s s' arrived later A L finished going ->
  decision M B (running s) (waiting s ++ map arrives arrived) [] (running s) A L /\
  ascending (A ++ L).
Proof.
  intros before own sorted parts. pose proof (coming_split _ _ _ _ _ _ _ _ _ _ _ parts) as coming.
  destruct (queue_ascends M B requests instance s arrived later before own sorted coming)
    as (same & counted & ascends).
  replace (queue M B s arrived) with (A ++ L) in same, counted, ascends.
  2:{ rewrite <- (queue_split _ _ _ _ _ _ _ _ _ _ _ parts). unfold queue.
      cbn [Model.before Model.h_sf]. f_equal. apply map_ext_in. intros r here.
      unfold new_job. cbn [assume Model.h_sf Model.amin].
      f_equal. rewrite Forall_forall in exact_lower. symmetry. apply exact_lower.
      apply (known M B requests s before). right; right. eapply Permutation_in;
        [symmetry; exact coming|]. apply in_app_iff. auto. }
  split; [|exact ascends].
  destruct (prefix_ascending M B (some_block _ _ _ instance) (running s) A L counted ascends)
    as [fit no_fit].
  { exact (all_fit _ _ _ _ _ _ _ _ _ _ _ parts). }
  { exact (next_unfit _ _ _ _ _ _ _ _ _ _ _ parts). }
  constructor; cbn [app]; auto.
  - now rewrite (proj1 (nothing_learnt _ (within_bounds s before))).
  - apply Forall_forall. intros x _. rewrite next_tokens_now.
    etransitivity; [|exact (running_plan_fits s before 0 (Z.le_refl 0))].
    apply as_assumed_part; [exact (some_block _ _ _ instance)| |lia].
    pose proof (jobs_known M B requests instance s before own) as all.
    apply Forall_app in all as [all _]. eapply Forall_impl; [|exact all]. now intros j [is _].
  - now symmetry.
Qed.

(* A round of H-SF is a round of Amin, and keeps the queue in order. *)
Lemma round_of_h_sf s : safe M B requests s -> ranked s -> in_order (waiting s) ->
  amin_round M B s (round h_sf s) /\ in_order (waiting (round h_sf s)).
Proof.
  intros before own sorted.
  destruct (round_is_reserving M B (some_block _ _ _ instance) h_sf eq_refl s)
    as (arrived & later & A & L & finished & going & parts); [now apply running_plan_fits|].
  destruct (decides_alike s _ _ _ _ _ _ _ before own sorted parts) as [D ascends].
  destruct parts as [time coming came to_come _ _ _ token done undone next_R next_W next_C next_L].
  split; [|rewrite next_W; exact (in_order_end _ _ ascends)].
  exists arrived, later, [], (running s), A, L, finished, going.
  pose proof (not_yet _ _ _ _ before) as from_now. rewrite Forall_forall in from_now.
  constructor; auto.
  - rewrite Forall_forall in *. intros r here. specialize (came r here).
    assert (now s <= arrival r); [|lia]. apply from_now. rewrite coming. apply in_app_iff. auto.
  - eapply Forall_impl; [|exact to_come]. cbn. lia.
  - now rewrite next_R.
  - rewrite next_W. cbn. now rewrite app_nil_r.
  - now rewrite next_C.
  - now rewrite next_L.
Qed.

(* The relation reaches the states of H-SF. *)
Lemma h_sf_reached n : reaches M B requests (after h_sf n (begin requests)) /\
  in_order (waiting (after h_sf n (begin requests))).
Proof.
  induction n as [|n [reached sorted]]; [split; [apply at_first; now constructor|constructor]|].
  change (after h_sf (Datatypes.S n) (begin requests))
    with (round h_sf (after h_sf n (begin requests))).
  destruct (round_of_h_sf _ (reaches_safe M B requests instance _ reached)
    (reaches_ranked M B requests _ reached) sorted) as [here sorted'].
  split; [|exact sorted']. eapply next_round; eassumption.
Qed.

(* After n rounds, the states of the two are alike. *)
Lemma alike_after n : alike (after amin n (begin requests)) (after h_sf n (begin requests)).
Proof.
  induction n as [|n IH]; [now constructor|].
  destruct (after_reached M B requests instance n) as [reached sorted].
  destruct (h_sf_reached n) as [reached' sorted'].
  exact (amin_round_unique M B _ _ _ _ IH
    (proj1 (round_is M B requests instance _ (reaches_safe M B requests instance _ reached)
      (reaches_ranked M B requests _ reached) sorted))
    (proj1 (round_of_h_sf _ (reaches_safe M B requests instance _ reached')
      (reaches_ranked M B requests _ reached') sorted'))).
Qed.

(* T4 (c): no request is evicted, and after any number of rounds Amin and H-SF have made the same
   runs or are both still at work. *)
Theorem exact_bounds :
  (forall s s' arrived later E S A L finished going, reaches M B requests s ->
    round_parts M B s s' arrived later E S A L finished going -> E = []) /\
  forall fuel,
    (forall l, simulate amin fuel requests = Some l ->
      exists l', simulate h_sf fuel requests = Some l' /\ Permutation l l') /\
    (forall l, simulate h_sf fuel requests = Some l ->
      exists l', simulate amin fuel requests = Some l' /\ Permutation l l').
Proof.
  split; [intros; eapply none_evicted; eassumption|]. intros fuel.
  pose proof (alike_after fuel) as [_ same_R same_W same_C same_log]. unfold simulate.
  assert (both : is_done (after amin fuel (begin requests)) = true <->
    is_done (after h_sf fuel (begin requests)) = true).
  { rewrite !is_done_spec. unfold finished_state.
    split; intros (no_R & no_W & no_C); rewrite ?no_R, ?no_W, ?no_C in *;
      repeat split; now apply Permutation_nil. }
  split; intros l made.
  - apply (rounds_iff amin eq_refl) in made as [ended <-].
    exists (log (after h_sf fuel (begin requests))). split; [|exact same_log].
    apply (rounds_iff h_sf eq_refl). split; [now apply both|reflexivity].
  - apply (rounds_iff h_sf eq_refl) in made as [ended <-].
    exists (log (after amin fuel (begin requests))). split; [|now symmetry].
    apply (rounds_iff amin eq_refl). split; [now apply both|reflexivity].
Qed.
End ExactBounds.
