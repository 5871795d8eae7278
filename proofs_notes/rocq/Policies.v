(* What holds of every state of Amax, H-SF, SVF and FCFS, proved once from what their steps have in
   common: a prefix of the running list is evicted, a prefix of the queue is admitted, what runs
   fits, and the request that was admitted first stays. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety.
From AminRef.facts Require Import Sums Lists Blocks Decisions Rounds Policies.
Import ListNotations.
Open Scope Z_scope.

Section Policy.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Variable p : policy.

(* Job j is what the policy makes of a request, and has tokens to generate. *)
Definition own (j : job request) : Prop := In (tag j) requests /\
  prompt j = prompt_len (tag j) /\ assumed j = assume p (tag j) /\
  0 <= generated j < output_len (tag j).

(* What the policies have in common. `fine` is what a policy needs of its running list. *)
Record common (fine : list (job request) -> Prop) : Prop := Common {
  fine_first : fine [];
  idle : steps p [] [] = ([], [], []);
  decides : forall R W E R' L, Forall own R -> Forall own W ->
    Forall (fun j => generated j = 0) W -> fine R -> steps p R W = (E, R', L) ->
    exists S A, R = E ++ S /\ R' = rev A ++ S /\ W = A ++ L /\ next_tokens B R' <= M /\
      (R <> [] -> S <> []) /\ (R ++ W <> [] -> R' <> []) /\
      fine (filter unfinished (map one_more R')) }.

Variable fine : list (job request) -> Prop.
Hypothesis ordinary : common fine.

(* A job that runs at the start of round t, and one that waits. *)
Definition running_own (t : Z) (j : job request) : Prop :=
  own j /\ 1 <= generated j /\ arrival (tag j) <= t - generated j.
Definition waiting_own (t : Z) (j : job request) : Prop :=
  own j /\ generated j = 0 /\ arrival (tag j) <= t.

(* The invariant. *)
Record kept (s : state) : Prop := Kept {
  kept_once : Permutation (requests_in s) requests;
  kept_running : Forall (running_own (now s)) (running s);
  kept_waiting : Forall (waiting_own (now s)) (waiting s);
  kept_log : Forall (logged_well requests (now s)) (log s);
  kept_fine : fine (running s);
  kept_fits : forall t, t < now s -> occupancy B (runs_so_far s) t <= M }.

(* It holds before round 0. *)
Lemma kept_first : kept (begin requests).
Proof.
  constructor; cbn; try constructor; [reflexivity|apply ordinary|].
  intros t _. exact (some_capacity _ _ _ instance).
Qed.

(* Those that generated a token have all their tokens or go on. *)
Lemma finished_or_not (R : list (job request)) : Permutation (map one_more R)
  (filter has_all (map one_more R) ++ filter unfinished (map one_more R)).
Proof. apply (partition_spec has_all). apply partition_filters. Qed.

Section Round.
Variable s : state.
Variables E R L S A : list (job request).
Hypothesis good : kept s.
Hypothesis decided : decided_by p s = (E, R, L).
Hypothesis ran : running s = E ++ S.
Hypothesis runs : R = rev A ++ S.
Hypothesis queued : queue_of p s = A ++ L.
Hypothesis fits_now : next_tokens B R <= M.
Let s' := round p s.

(* The state after the round. *)
Lemma next_state : s' = State (now s + 1) (filter unfinished (map one_more R))
    (insert_all (before p) (map thrown_back E) L) (coming_later s)
    (map (run_until (now s + 1) true) (filter has_all (map one_more R)) ++
     map (run_until (now s) false) E ++ log s).
Proof. exact (round_of p s E R L decided). Qed.

(* A request that has not arrived is a request of the instance. *)
Lemma coming_known r : In r (coming s) -> In r requests.
Proof.
  intros here. eapply Permutation_in; [exact (kept_once s good)|].
  unfold requests_in. rewrite !in_app_iff. auto.
Qed.

(* The jobs of the queue. *)
Lemma queue_own : Forall (waiting_own (now s)) (A ++ L).
Proof.
  rewrite <- queued. apply (forall_perm _ _ _ (Permutation_sym (queue_of_perm p s))).
  apply Forall_app. split; [exact (kept_waiting s good)|]. apply Forall_map, Forall_forall.
  intros r here. apply filter_In in here as [here come]. apply Z.leb_le in come.
  apply coming_known in here. pose proof (some_output _ _ _ (sane_of M B requests instance r here)).
  repeat split; cbn; auto; lia.
Qed.

(* The jobs that generate a token. *)
Lemma generating_own : Forall (fun j => own j /\ arrival (tag j) <= now s - generated j) R.
Proof.
  pose proof (kept_running s good) as old. pose proof queue_own as new. rewrite ran in old.
  apply Forall_app in old as [_ old]. apply Forall_app in new as [new _].
  rewrite runs. apply Forall_app. split.
  - apply Forall_rev. eapply Forall_impl; [|exact new]. intros j (is & none & came).
    split; [exact is|lia].
  - eapply Forall_impl; [|exact old]. intros j (is & _ & came). auto.
Qed.

(* Every request is still there once. *)
Lemma once_next : Permutation (requests_in s') requests.
Proof.
  rewrite next_state. unfold requests_in. cbn [log running waiting coming].
  rewrite <- (kept_once s good). unfold requests_in. rewrite ran.
  rewrite !filter_app, (filter_all completed (map (run_until _ true) _)),
    (filter_none completed (map (run_until _ false) _)), app_nil_l.
  2, 3: intros x here; apply in_map_iff in here as (j & <- & _); reflexivity.
  apply (Permutation_count_occ request_dec). intros r.
  pose proof (proj1 (Permutation_count_occ request_dec _ _)
    (Permutation_map tag (finished_or_not R)) r) as split_R.
  pose proof (proj1 (Permutation_count_occ request_dec _ _)
    (Permutation_map tag (queue_of_perm p s)) r) as split_W.
  pose proof (proj1 (Permutation_count_occ request_dec _ _) (coming_perm s) r) as split_C.
  rewrite queued in split_W. rewrite !map_app, !count_occ_app in *.
  rewrite (proj1 (Permutation_count_occ request_dec _ _) (Permutation_map tag
    (Order.insert_all_perm (before p) (map thrown_back E) L)) r), map_app, count_occ_app.
  rewrite !map_map in *. cbn [of run_until] in *.
  change (map (fun x => tag (one_more x)) R) with (map (@tag request) R) in split_R.
  change (map (fun x => tag (thrown_back x)) E) with (map (@tag request) E).
  change (map (fun x => tag (new_job p x)) (arriving s)) with (map (fun x => x) (arriving s))
    in split_W. rewrite map_id in split_W.
  assert (both : times (map tag R) r = (times (map tag A) r + times (map tag S) r)%nat).
  { rewrite runs, map_app, count_occ_app, map_rev. f_equal. symmetry.
    apply Permutation_count_occ, Permutation_rev. }
  change (fun x : job request => tag x) with (@tag request). lia.
Qed.

(* A job that goes on generated its token in this round, and has more to generate. *)
Lemma running_next_own : Forall (running_own (now s')) (running s').
Proof.
  rewrite next_state. cbn [now running]. apply Forall_forall. intros j here.
  apply filter_In in here as [here more]. apply in_map_iff in here as (i & <- & here).
  pose proof generating_own as all. rewrite Forall_forall in all.
  destruct (all i here) as ((is_known & same_prompt & same_length & some) & came).
  apply negb_true_iff, Z.eqb_neq in more. cbn in more. unfold running_own, own. cbn.
  repeat split; auto; lia.
Qed.

(* Those that wait on, or are evicted, wait. *)
Lemma waiting_next_own : Forall (waiting_own (now s')) (waiting s').
Proof.
  rewrite next_state. cbn [now waiting].
  apply (forall_perm _ _ _ (Permutation_sym (Order.insert_all_perm _ _ _))).
  pose proof queue_own as new. pose proof (kept_running s good) as old. rewrite ran in old.
  apply Forall_app in new as [_ new]. apply Forall_app in old as [old _].
  apply Forall_app. split.
  - apply Forall_map. eapply Forall_impl; [|exact old].
    intros j ((is_known & same_prompt & same_length & some) & one & came).
    unfold waiting_own, own. cbn. repeat split; auto; lia.
  - eapply Forall_impl; [|exact new]. intros j (is & none & came). repeat split; try apply is; lia.
Qed.

(* The runs that end in this round are as they should be. *)
Lemma log_next_well : Forall (logged_well requests (now s')) (log s').
Proof.
  rewrite next_state. cbn [now log]. rewrite !Forall_app. repeat split.
  - apply Forall_map, Forall_forall. intros j here. apply filter_In in here as [here whole].
    apply in_map_iff in here as (i & <- & here). pose proof generating_own as all.
    rewrite Forall_forall in all. destruct (all i here) as ((is_known & _ & _ & some) & came).
    apply Z.eqb_eq in whole. cbn in *. repeat split; cbn; auto; lia.
  - pose proof (kept_running s good) as old. rewrite ran in old.
    apply Forall_app in old as [old _]. apply Forall_map. eapply Forall_impl; [|exact old].
    intros j ((is_known & _ & _ & some) & one & came). repeat split; cbn; auto; lia.
  - eapply Forall_impl; [|exact (kept_log s good)]. intros x (is_known & past & came & len).
    repeat split; auto. lia.
Qed.

(* In a past round, the jobs that generate a token hold what they held before. *)
Lemma held_before t : t < now s ->
  sum (fun j => holds_in B t (run_until (now s + 1) false (one_more j))) R =
  sum (fun j => holds_in B t (run_until (now s) false j)) S.
Proof.
  intros past. rewrite runs, sum_app, (sum_zero _ (rev A)).
  - apply sum_ext. intros j _. unfold holds_in. cbn.
    replace (now s + 1 - (generated j + 1)) with (now s - generated j) by lia.
    now replace (t <? now s + 1) with (t <? now s)
      by (transitivity true; [|symmetry]; apply Z.ltb_lt; lia).
  - intros j here. apply in_rev in here. pose proof queue_own as new.
    rewrite Forall_app, !Forall_forall in new. destruct (proj1 new j here) as (_ & none & _).
    unfold holds_in. cbn.
    now replace (now s + 1 - (generated j + 1) <=? t) with false by (symmetry; apply Z.leb_gt; lia).
Qed.

(* In this round, they hold their next tokens. *)
Lemma held_now :
  sum (fun j => holds_in B (now s) (run_until (now s + 1) false (one_more j))) R =
  next_tokens B R.
Proof.
  apply sum_ext. intros j here. pose proof generating_own as all. rewrite Forall_forall in all.
  destruct (all j here) as ((_ & same & _ & some) & _).
  unfold holds_in, will_hold. rewrite whole_blocks_occ by exact (some_block _ _ _ instance). cbn.
  replace (now s + 1 - (generated j + 1) <=? now s) with true by (symmetry; apply Z.leb_le; lia).
  replace (now s <? now s + 1) with true by (symmetry; apply Z.ltb_lt; lia).
  cbn. f_equal. lia.
Qed.

(* What all runs hold: those that generate a token, those that are evicted, and the past. *)
Lemma occupancy_next t : occupancy B (runs_so_far s') t =
  sum (fun j => holds_in B t (run_until (now s + 1) false (one_more j))) R
  + sum (fun j => holds_in B t (run_until (now s) false j)) E + occupancy B (log s) t.
Proof.
  rewrite next_state. unfold occupancy, runs_so_far. cbn [now running log].
  rewrite !sum_app, !sum_map. set (held := fun j => holds_in B t (run_until (now s + 1) false j)).
  change (fun x => holds_in B t (run_until (now s + 1) true x)) with held.
  assert (all : sum (fun j => held (one_more j)) R =
    sum held (filter has_all (map one_more R)) + sum held (filter unfinished (map one_more R))).
  { rewrite <- sum_app, <- (sum_perm _ _ _ (finished_or_not R)). now rewrite sum_map. }
  unfold held in *. lia.
Qed.

(* The memory holds in all rounds up to this one. *)
Lemma fits_next t : t < now s' -> occupancy B (runs_so_far s') t <= M.
Proof.
  rewrite occupancy_next. rewrite next_state. cbn [now]. intros past.
  destruct (Z.eq_dec t (now s)) as [->|earlier].
  - rewrite held_now, (sum_zero _ E); unfold occupancy; [rewrite (sum_zero _ (log s)); [lia|]|].
    + intros x here. pose proof (kept_log s good) as well. rewrite Forall_forall in well.
      destruct (well x here) as (_ & ended & _). unfold holds_in.
      replace (now s <? stop x) with false by (symmetry; apply Z.ltb_ge; lia).
      now rewrite andb_false_r.
    + intros j _. unfold holds_in. cbn. now rewrite Z.ltb_irrefl, andb_false_r.
  - rewrite held_before by lia. pose proof (kept_fits s good t ltac:(lia)) as fit.
    unfold occupancy, runs_so_far in *. rewrite ran, map_app, !sum_app, !sum_map in fit. lia.
Qed.
End Round.

(* What the policy decides in a state in which the invariant holds. *)
Lemma decision_of s E R L : kept s -> decided_by p s = (E, R, L) ->
  exists S A, running s = E ++ S /\ R = rev A ++ S /\ queue_of p s = A ++ L /\
    next_tokens B R <= M /\ (running s <> [] -> S <> []) /\
    (running s ++ queue_of p s <> [] -> R <> []) /\ fine (filter unfinished (map one_more R)).
Proof.
  intros good decided. pose proof (queue_own s (queue_of p s) [] good eq_refl) as new.
  apply (decides fine ordinary (running s) (queue_of p s) E R L); auto.
  - eapply Forall_impl; [|exact (kept_running s good)]. now intros j [is _].
  - eapply Forall_impl; [|exact new]. now intros j [is _].
  - eapply Forall_impl; [|exact new]. now intros j (_ & none & _).
  - exact (kept_fine s good).
Qed.

(* The invariant holds after each number of rounds. *)
Theorem kept_after n : kept (after p n (begin requests)).
Proof.
  induction n as [|n good]; [exact kept_first|]. set (s := after p n (begin requests)) in *.
  change (kept (round p s)). destruct (decided_by p s) as [[E R] L] eqn:decided.
  destruct (decision_of s E R L good decided)
    as (S & A & ran & runs & queued & fits_now & _ & _ & fine_on).
  constructor.
  - exact (once_next s E R L S A good decided ran runs queued).
  - exact (running_next_own s E R L S A good decided ran runs queued).
  - exact (waiting_next_own s E R L S A good decided ran queued).
  - exact (log_next_well s E R L S A good decided ran runs queued).
  - now rewrite (round_of p s E R L decided).
  - exact (fits_next s E R L S A good decided ran runs queued fits_now).
Qed.
End Policy.
