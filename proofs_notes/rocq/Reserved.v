(* Amax, H-SF and SVF reserve enough for each request, so they evict none: T9. FCFS evicts the
   latest admitted. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Starts Certificate Policies.
From AminRef.facts Require Import Sums Lists Blocks Decisions Steps Rounds Reserving Policies.
Import ListNotations.
Open Scope Z_scope.

Section Kinds.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Let block := some_block _ _ _ instance.
Let capacity := some_capacity _ _ _ instance.
Notation fcfs' := (fcfs M B).

(* The lengths of a policy's job are not negative. *)
Lemma own_counts p j : own requests p j -> counts j.
Proof.
  intros (is_known & same & _ & some).
  pose proof (some_prompt _ _ _ (sane_of M B requests instance _ is_known)). split; lia.
Qed.

(* Lemma 4: a request that waits fits the empty cache, if its assumed length fits. *)
Lemma own_fits_alone p w : own requests p w -> generated w = 0 -> 1 <= assumed w ->
  occ B (prompt_len (tag w) + assume p (tag w)) <= M -> never_exceeds M B [w].
Proof.
  intros (_ & same & length & _) none some fit k later. rewrite as_assumed_sum. cbn.
  rewrite Z.add_0_r. destruct (Z.ltb_spec k (more_tokens w)) as [inside|after]; [|exact capacity].
  unfold will_hold, more_tokens in *. rewrite whole_blocks_occ by exact block.
  etransitivity; [|exact fit]. apply occ_mono; [exact block|]. rewrite none in *.
  destruct (Z.ltb_spec 0 (assumed w)); lia.
Qed.

Section Reserving.
Variable p : policy.
Hypothesis reserves : steps p = reserving_steps M B.
Hypothesis enough : forall r, sane M B r ->
  output_len r <= assume p r /\ occ B (prompt_len r + assume p r) <= M.

(* The requests that go on are within their reservations, so their plan fits in the next round. *)
Lemma reserved_goes_on R : Forall (own requests p) R -> never_exceeds M B R ->
  never_exceeds M B (filter unfinished (map one_more R)).
Proof.
  intros all fit k later. set (going := filter unfinished (map one_more R)).
  destruct (nothing_learnt going) as [same none].
  - apply Forall_forall. intros j here. apply filter_In in here as [here more].
    apply in_map_iff in here as (i & <- & here). rewrite Forall_forall in all.
    destruct (all i here) as (is_known & _ & length & some).
    destruct (enough _ (sane_of M B requests instance _ is_known)) as [long _].
    apply negb_true_iff, Z.eqb_neq in more. cbn in *. lia.
  - rewrite <- none, <- same. apply (plan_moves_on B block M R); auto.
    + eapply Forall_impl; [|exact all]. apply own_counts.
    + exists (filter has_all (map one_more R)). apply finished_or_not.
Qed.

(* A policy that reserves enough has what the policies have in common. *)
Lemma reserving_common : common M B requests p (never_exceeds M B).
Proof.
  constructor.
  - intros k _. exact capacity.
  - now rewrite reserves.
  - intros R W E R' L all_R all_W none fit step. rewrite reserves in step.
    destruct (reserving_decides M B block R W E R' L fit step)
      as (A & -> & -> & -> & fit' & stop).
    assert (all : Forall (own requests p) (rev A ++ R)).
    { apply Forall_app in all_W as [all_A _]. apply Forall_app. split; [|exact all_R].
      now apply Forall_rev. }
    exists R, A. repeat split; auto.
    + rewrite next_tokens_now. apply fit'. lia.
    + intros some idle. apply app_eq_nil in idle as [no_A ->].
      apply (f_equal (@rev _)) in no_A. rewrite rev_involutive in no_A. cbn in no_A. subst A.
      destruct L as [|w L]; [now apply some|]. apply (stop w L eq_refl). cbn [app] in *.
      apply Forall_cons_iff in all_W as [is _]. apply Forall_cons_iff in none as [zero _].
      pose proof is as (is_known & _ & length & _).
      pose proof (sane_of M B requests instance _ is_known) as fine.
      destruct (enough _ fine) as [long small]. pose proof (some_output _ _ _ fine).
      apply (own_fits_alone p); auto. lia.
    + now apply reserved_goes_on.
Qed.

(* It evicts no request: each run in the log is complete. *)
Lemma reserving_evicts_none n :
  Forall (fun x => completed x = true) (log (after p n (begin requests))).
Proof.
  induction n as [|n IH]; [constructor|]. set (s := after p n (begin requests)) in *.
  change (Forall (fun x => completed x = true) (log (round p s))).
  pose proof (kept_after M B requests instance p _ reserving_common n) as good. fold s in good.
  destruct (decided_by p s) as [[E R] L] eqn:decided. rewrite (round_of p s E R L decided).
  unfold decided_by in decided. rewrite reserves in decided.
  destruct (reserving_decides M B block _ _ _ _ _ (kept_fine _ _ _ _ _ s good) decided)
    as (A & -> & _). cbn [log map app]. apply Forall_app. split; [|exact IH].
  apply Forall_map, Forall_forall. reflexivity.
Qed.

(* Its schedule is valid. *)
Lemma reserving_valid fuel l : simulate p fuel requests = Some l ->
  Forall (fun x => completed x = true) l /\ valid M B requests l.
Proof.
  intros made. apply rounds_from in made as (n & ended & <-).
  pose proof (reserving_evicts_none n) as whole.
  destruct (kept_after M B requests instance p _ reserving_common n) as [each _ _ well _ fit].
  set (s := after p n (begin requests)) in *. apply is_done_spec in ended as (no_R & no_W & no_C).
  unfold requests_in in each. rewrite no_R, no_W, no_C in each. cbn in each.
  rewrite app_nil_r in each. rewrite Forall_forall in well, whole.
  split; [now apply Forall_forall|]. rewrite filter_all in each by exact whole. constructor.
  - now rewrite filter_all by exact whole.
  - intros x here done. destruct (well x here) as (_ & _ & _ & len). now rewrite done in len.
  - intros x here out. rewrite (whole x here) in out. discriminate.
  - intros x here. now destruct (well x here) as (_ & _ & came & _).
  - apply apart_by_id. rewrite <- (map_map of id). apply (Permutation_map id) in each.
    eapply Permutation_NoDup; [symmetry; exact each|exact (distinct_ids _ _ _ instance)].
  - intros t. destruct (Z.lt_ge_cases t (now s)) as [past|future].
    + specialize (fit t past). unfold occupancy, runs_so_far in *. now rewrite no_R in fit.
    + unfold occupancy. rewrite sum_zero; [exact capacity|]. intros x here.
      destruct (well x here) as (_ & ended & _). unfold holds_in.
      replace (t <? stop x) with false by (symmetry; apply Z.ltb_ge; lia).
      now rewrite andb_false_r.
Qed.
End Reserving.

(* A job of FCFS is assumed to generate one more token. *)
Lemma one_more_token R : Forall (own requests fcfs') R -> Forall (fun j => more_tokens j = 1) R.
Proof.
  intros all. eapply Forall_impl; [|exact all]. intros j (_ & _ & one & some). cbn in one.
  unfold more_tokens. destruct (Z.ltb_spec (generated j) (assumed j)); lia.
Qed.

(* FCFS: if some request runs, then one that was admitted first stays. *)
Lemma first_admitted_stays E S : Forall (own requests fcfs') (E ++ S) -> E ++ S <> [] ->
  (forall a x b, E = a ++ x :: b -> M < next_tokens B (x :: b ++ S)) -> S <> [].
Proof.
  intros all some needed ->. rewrite app_nil_r in *. destruct (exists_last some) as (a & x & ->).
  specialize (needed a x [] eq_refl). apply Forall_app in all as [_ all].
  apply Forall_cons_iff in all as [(is_known & same & _ & range) _].
  pose proof (feasible _ _ _ (sane_of M B requests instance _ is_known)) as fit.
  pose proof (occ_mono B block (prompt x + (generated x + 1))
    (prompt_len (tag x) + output_len (tag x)) ltac:(lia)).
  unfold next_tokens, will_hold in needed. cbn in needed.
  rewrite whole_blocks_occ in needed by exact block. lia.
Qed.

(* FCFS has what the policies have in common. *)
Lemma fcfs_common : common M B requests fcfs' (fun _ => True).
Proof.
  constructor; [exact I| |].
  - cbn. unfold fcfs_steps. cbn. reflexivity.
  - intros R W E R' L all_R all_W none _ step. cbn [steps] in step.
    destruct (fcfs_decides M B block R W E R' L capacity (one_more_token R all_R) step)
      as (S & A & -> & -> & -> & fit & needed & alone & admits).
    pose proof (first_admitted_stays E S all_R) as stays.
    exists S, A. repeat split; auto.
    + destruct E as [|x E]; [|now rewrite alone].
      destruct (admits eq_refl) as [all _]. rewrite next_tokens_now. apply all. lia.
    + intros some idle. apply app_eq_nil in idle as [no_A ->].
      apply (f_equal (@rev _)) in no_A. rewrite rev_involutive in no_A. cbn in no_A. subst A.
      destruct E as [|x E]; [|now apply stays].
      destruct L as [|w L]; [now apply some|]. destruct (admits eq_refl) as [_ stop].
      apply (stop w L eq_refl). cbn [app] in *.
      apply Forall_cons_iff in all_W as [is _]. apply Forall_cons_iff in none as [zero _].
      pose proof is as (is_known & _ & length & _). cbn [assume fcfs] in length.
      pose proof (sane_of M B requests instance _ is_known) as fine.
      apply (own_fits_alone fcfs'); auto; [lia|]. etransitivity; [|exact (feasible _ _ _ fine)].
      apply occ_mono; [exact block|]. pose proof (some_output _ _ _ fine). cbn. lia.
Qed.

(* The three policies reserve enough. *)
Lemma reserving_policies p : p = amax M B \/ p = h_sf M B \/ p = svf M B ->
  steps p = reserving_steps M B /\ forall r, sane M B r ->
    output_len r <= assume p r /\ occ B (prompt_len r + assume p r) <= M.
Proof.
  intros [->|[->| ->]]; (split; [reflexivity|]); intros r [_ _ _ upper_ok _ fit]; cbn [assume];
    try (split; [cbn; lia|exact fit]).
  unfold amax, pessimistic. cbn [assume].
  destruct (proj1 (occ_is B block (prompt_len r + output_len r) _) eq_refl) as [[q whole] near].
  assert (q <= M / B) by (apply Z.div_le_lower_bound; lia).
  assert (room : B * q <= B * (M / B)) by (apply Z.mul_le_mono_nonneg_l; lia).
  assert (usable_occ : occ B (B * (M / B)) = B * (M / B))
    by (symmetry; apply occ_is; [exact block|split; [now exists (M / B)|lia]]).
  pose proof (Z.mul_div_le M B ltac:(lia)).
  split.
  - destruct (upper r) as [u|] eqn:known; [specialize (upper_ok u eq_refl)|]; lia.
  - etransitivity; [apply (occ_mono B block _ (B * (M / B)))|lia].
    destruct (upper r); lia.
Qed.
End Kinds.

(* T9, from the invariant. *)
Theorem never_overflows M B requests p : sane_instance M B requests ->
  p = amax M B \/ p = h_sf M B \/ p = svf M B ->
  (forall r, In r requests ->
    output_len r <= assume p r /\ occ B (prompt_len r + assume p r) <= M) /\
  (forall n, let s := Nat.iter n (round p) (begin requests) in
    Forall (fun x => completed x = true) (log s) /\ never_exceeds M B (running s) /\
    forall t, t < now s -> occupancy B (runs_so_far s) t <= M) /\
  forall fuel l, simulate p fuel requests = Some l ->
    Forall (fun x => completed x = true) l /\ valid M B requests l.
Proof.
  intros instance is. destruct (reserving_policies M B requests instance p is) as [same enough].
  pose proof (kept_after M B requests instance p _
    (reserving_common M B requests instance p same enough)) as good.
  split; [intros r here; apply enough; now apply (sane_of M B requests instance)|]. split.
  - intros n s. split; [exact (reserving_evicts_none M B requests instance p same enough n)|].
    split; [exact (kept_fine _ _ _ _ _ _ (good n))|exact (kept_fits _ _ _ _ _ _ (good n))].
  - exact (reserving_valid M B requests instance p same enough).
Qed.
