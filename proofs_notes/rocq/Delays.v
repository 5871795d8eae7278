(* Policies that reserve, if all requests arrive in round 0: how long requests wait, if those that
   run weigh enough while some wait. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Starts Ratio.
From AminRef Require Import Policies Reserved PolicyRuns.
From AminRef.facts Require Import Sums Lists Blocks Decisions Rounds Policies.
Import ListNotations.
Open Scope Z_scope.

(* The weight of a request in each of its rounds. *)
Definition work (weight : request -> Z) (r : request) : Z := weight r * output_len r.

Section Delays.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Hypothesis zero : at_once requests.
Variable p : policy.
Hypothesis reserves : steps p = reserving_steps M B.
Hypothesis enough : forall r, sane M B r ->
  output_len r <= assume p r /\ occ B (prompt_len r + assume p r) <= M.
Let block := some_block _ _ _ instance.
Let ordinary := reserving_common M B requests instance p reserves enough.
Notation kept := (kept M B requests p (never_exceeds M B)).
Variable weight : request -> Z.
Variable least : Z.
Hypothesis weights : forall r, In r requests -> 0 <= weight r.
Hypothesis busy : forall s A w later, kept s -> queue_of p s = A ++ w :: later ->
  ~ never_exceeds M B (running s ++ A ++ [w]) ->
  least <= sum (fun j => weight (tag j)) (rev A ++ running s).

(* The started requests with the rounds in which they started. *)
Definition started_at (s : state) : list placed :=
  map (fun x => (of x, start x)) (log s) ++
  map (fun j => (tag j, now s - generated j)) (running s).

(* The weights that ran so far, summed over the rounds. *)
Definition weights_so_far (s : state) : Z :=
  sum (fun x => weight (of x) * (stop x - start x)) (log s) +
  sum (fun j => weight (tag j) * generated j) (running s).

(* Each starts by the round that the requests before it pay for. *)
Fixpoint delays_paid (before : Z) (l : list placed) : Prop :=
  match l with
  | [] => True
  | (r, t) :: later => least * t <= before /\ delays_paid (before + work weight r) later
  end.

(* The requests in the policy's order. *)
Definition in_its_order : list request := map tag (queue_of p (begin requests)).

(* The invariant: the started requests are a prefix of the order, and have paid for the delays. *)
Definition paid (s : state) : Prop := exists l, Permutation l (started_at s) /\
  delays_paid 0 l /\ map fst l ++ map tag (queue_of p s) = in_its_order /\
  (queue_of p s <> [] -> least * now s <= weights_so_far s).

(* Work is not negative. *)
Lemma work_nonneg r : In r requests -> 0 <= work weight r.
Proof.
  intros here. pose proof (some_output _ _ _ (sane_of M B requests instance r here)).
  apply Z.mul_nonneg_nonneg; [now apply weights|lia].
Qed.

(* Paid delays of two lists in a row. *)
Lemma delays_app before l m : delays_paid before (l ++ m) <->
  delays_paid before l /\ delays_paid (before + sum (fun x => work weight (fst x)) l) m.
Proof.
  revert before. induction l as [|[r t] l IH]; intros before; cbn.
  - rewrite Z.add_0_r. tauto.
  - rewrite IH, Z.add_assoc. tauto.
Qed.

(* Requests that start together are paid if the first is. *)
Lemma delays_together before t (A : list (job request)) :
  (forall j, In j A -> In (tag j) requests) -> least * t <= before ->
  delays_paid before (map (fun j => (tag j, t)) A).
Proof.
  revert before. induction A as [|j A IH]; intros before all first; cbn; [exact I|].
  split; [exact first|]. apply IH; [intros i here; apply all; now right|].
  pose proof (work_nonneg (tag j) (all j (or_introl eq_refl))). lia.
Qed.

Section Round.
Variable s : state.
Variables R L A : list (job request).
Hypothesis good : kept s.
Hypothesis from_now : 0 <= now s.
Hypothesis decided : decided_by p s = ([], R, L).
Hypothesis runs : R = rev A ++ running s.
Hypothesis queued : queue_of p s = A ++ L.
Let s' := round p s.

(* The jobs that are admitted have generated no token. *)
Lemma admitted_new : Forall (fun j => In (tag j) requests /\ generated j = 0) A.
Proof.
  pose proof (queue_own M B requests instance p _ s L A good queued) as all.
  apply Forall_app in all as [all _]. eapply Forall_impl; [|exact all].
  intros j ((is_known & _) & none & _). auto.
Qed.

(* All requests have arrived, so those that wait on are the next queue. *)
Lemma next_queue : queue_of p s' = L.
Proof.
  assert (none_later : coming_later s = []).
  { apply filter_none. intros r here. apply negb_false_iff, Z.leb_le.
    pose proof zero as all. unfold at_once in all. rewrite Forall_forall in all.
    rewrite (all r (coming_known M B requests p _ s good r here)). exact from_now. }
  unfold s', queue_of, arriving. rewrite (round_of p s [] R L decided). cbn [coming waiting now].
  now rewrite none_later.
Qed.

(* The admitted start in this round. *)
Lemma started_next : Permutation (started_at s')
  (started_at s ++ map (fun j => (tag j, now s)) A).
Proof.
  unfold started_at, s'. rewrite (round_of p s [] R L decided). cbn [log running now map app].
  set (place := fun j : job request => (tag j, now s - generated j)).
  assert (moved : forall l : list (job request), map (fun j => (tag j, now s + 1 - generated j))
    (map one_more l) = map place l).
  { intros l. rewrite map_map. apply map_ext. intros j. unfold place. cbn. f_equal. lia. }
  rewrite map_app, map_map. cbn [of start run_until].
  transitivity (map place R ++ map (fun x => (of x, start x)) (log s)).
  - pose proof (Permutation_map (fun j => (tag j, now s + 1 - generated j)) (finished_or_not R))
      as split_R. rewrite moved, map_app in split_R.
    etransitivity; [|apply Permutation_app_tail; symmetry; exact split_R].
    rewrite <- !app_assoc. apply Permutation_app_head, Permutation_app_comm.
  - rewrite runs, map_app, map_rev. rewrite <- Permutation_rev.
    replace (map place A) with (map (fun j => (tag j, now s)) A).
    + etransitivity; [apply Permutation_app_comm|]. rewrite <- app_assoc.
      apply Permutation_app_head, Permutation_app_comm.
    + apply map_ext_in. intros j here. pose proof admitted_new as new.
      rewrite Forall_forall in new. destruct (new j here) as [_ none].
      unfold place. now rewrite none, Z.sub_0_r.
Qed.

(* Each running request adds its weight. *)
Lemma weights_next : weights_so_far s' = weights_so_far s + sum (fun j => weight (tag j)) R.
Proof.
  unfold weights_so_far, s'. rewrite (round_of p s [] R L decided). cbn [log running map app].
  set (spent := fun j : job request => weight (tag j) * generated j).
  rewrite sum_app, sum_map.
  replace (sum _ (filter has_all (map one_more R)))
    with (sum spent (filter has_all (map one_more R)))
    by (apply sum_ext; intros j _; unfold spent; cbn; f_equal; lia).
  assert (all : sum spent (filter has_all (map one_more R)) +
    sum spent (filter unfinished (map one_more R)) =
    sum spent (running s) + sum (fun j => weight (tag j)) R).
  { rewrite <- sum_app, <- (sum_perm _ _ _ (finished_or_not R)), sum_map.
    rewrite (sum_ext _ (fun j => spent j + weight (tag j))) by (intros j _; unfold spent; cbn; lia).
    rewrite sum_plus. f_equal. rewrite runs, sum_app, (sum_zero spent (rev A)); [lia|].
    intros j here. apply in_rev in here. pose proof admitted_new as new.
    rewrite Forall_forall in new. destruct (new j here) as [_ none]. unfold spent.
    rewrite none. lia. }
  unfold spent in *. lia.
Qed.
End Round.

(* What the started requests have spent is at most what they pay for. *)
Lemma spent_by_started s l : kept s -> Forall (fun x => completed x = true) (log s) ->
  Permutation l (started_at s) -> weights_so_far s <= sum (fun x => work weight (fst x)) l.
Proof.
  intros good whole same. rewrite (sum_perm _ _ _ same). unfold started_at, weights_so_far.
  rewrite sum_app, !sum_map. cbn [fst]. apply Z.add_le_mono; apply sum_le; intros x here.
  - pose proof (kept_log _ _ _ _ _ s good) as well. rewrite Forall_forall in well, whole.
    destruct (well x here) as (_ & _ & _ & len). rewrite (whole x here) in len. rewrite len.
    reflexivity.
  - pose proof (kept_running _ _ _ _ _ s good) as all. rewrite Forall_forall in all.
    destruct (all x here) as ((is_known & _ & _ & range) & _). unfold work.
    apply Z.mul_le_mono_nonneg_l; [now apply weights|lia].
Qed.

(* The invariant holds after each number of rounds. *)
Lemma paid_after n : paid (after p n (begin requests)).
Proof.
  induction n as [|n (l & same & delays & order & spent)].
  - exists []. cbn. repeat split; auto; try lia; constructor.
  - set (s := after p n (begin requests)) in *.
    pose proof (kept_after M B requests instance p _ ordinary n) as good. fold s in good.
    pose proof (reserving_evicts_none M B requests instance p reserves enough n)
      as whole. fold s in whole.
    assert (from_now : 0 <= now s) by (unfold s; rewrite now_after; lia).
    change (after p (Datatypes.S n) (begin requests)) with (round p s).
    destruct (decided_by p s) as [[E R] L] eqn:decided. pose proof decided as step.
    unfold decided_by in step. rewrite reserves in step.
    destruct (reserving_decides M B block _ _ _ _ _ (kept_fine _ _ _ _ _ s good) step)
      as (A & -> & runs & queued & _ & stop).
    pose proof (admitted_new s L A good queued) as new. rewrite Forall_forall in new.
    exists (l ++ map (fun j => (tag j, now s)) A). split; [|split; [|split]].
    + now rewrite (started_next s R L A good decided runs queued), same.
    + apply delays_app. split; [exact delays|].
      destruct A as [|j A']; [exact I|]. apply delays_together; [intros i here; now apply new|].
      rewrite queued in spent. specialize (spent ltac:(discriminate)).
      pose proof (spent_by_started s l good whole same). lia.
    + rewrite (next_queue s R L good from_now decided), map_app, map_map. cbn [fst].
      now rewrite <- order, queued, map_app, app_assoc.
    + rewrite (next_queue s R L good from_now decided).
      intros some. destruct L as [|w L']; [easy|]. rewrite queued in spent.
      specialize (spent ltac:(now destruct A)).
      rewrite (weights_next s R _ A good decided runs queued).
      pose proof (busy s A w L' good queued (stop w L' eq_refl)) as more.
      rewrite <- runs in more. rewrite (round_of p s [] R _ decided). cbn [now]. lia.
Qed.

(* What all starts and outputs add up to. *)
Lemma latency_of_started s v : Forall (fun x => completed x = true) (log s) -> kept s ->
  running s = [] -> Permutation v (started_at s) ->
  total_latency (log s) = sum snd v + sum output_len (map fst v).
Proof.
  intros whole good idle same. unfold total_latency. rewrite Forall_forall in whole.
  rewrite filter_all by exact whole. rewrite sum_map, <- sum_plus, (sum_perm _ _ _ same).
  unfold started_at. rewrite idle. cbn [map]. rewrite app_nil_r, sum_map. apply sum_ext.
  intros x here. cbn [fst snd]. pose proof (kept_log _ _ _ _ _ s good) as well.
  rewrite Forall_forall in well. destruct (well x here) as (is_known & _ & _ & len).
  rewrite (whole x here) in len. pose proof zero as all. unfold at_once in all.
  rewrite Forall_forall in all. rewrite (all _ is_known). lia.
Qed.

(* The delay of one request. *)
Lemma one_delay v a r b t : delays_paid 0 v -> NoDup (map fst v) -> map fst v = a ++ r :: b ->
  In (r, t) v -> least * t <= sum (work weight) a.
Proof.
  intros delays distinct shape here.
  apply map_eq_app in shape as (va & rest & -> & <- & shape).
  apply map_eq_cons in shape as ([r' t'] & vb & -> & same & <-). cbn in same. subst r'.
  apply delays_app in delays as [_ [first _]]. rewrite sum_map.
  assert (one : (r, t) = (r, t')); [|injection one as ->; lia].
  apply (nodup_same fst _ _ _ distinct here); [|reflexivity]. apply in_app_iff. right. now left.
Qed.

(* The delays, summed. *)
Lemma delays_total before v : delays_paid before v ->
  least * sum snd v + sum (work weight) (map fst v)
  <= sum_of_totals (work weight) before (map fst v).
Proof.
  revert before. induction v as [|[r t] v IH]; intros before; [cbn; lia|].
  intros [first rest]. specialize (IH _ rest). cbn [map fst sum snd sum_of_totals]. lia.
Qed.

(* The policy's order has the requests, each once. *)
Lemma order_is_requests : Permutation in_its_order requests /\ NoDup in_its_order.
Proof.
  assert (same : Permutation in_its_order requests).
  { unfold in_its_order. rewrite (queue_of_perm p). unfold arriving. rewrite filter_all.
    - cbn [waiting begin app]. rewrite map_map. cbn. now rewrite map_id.
    - intros r here. pose proof zero as all. unfold at_once in all. rewrite Forall_forall in all.
      apply Z.leb_le. rewrite (all r here). cbn. lia. }
  split; [exact same|]. eapply Permutation_NoDup; [symmetry; exact same|].
  exact (NoDup_map_inv id _ (distinct_ids _ _ _ instance)).
Qed.

(* The starts of a schedule, in the policy's order: each is paid by the requests before it. *)
Theorem starts_are_paid fuel l : simulate p fuel requests = Some l -> exists v,
  delays_paid 0 v /\ map fst v = in_its_order /\
  Permutation v (map (fun x => (of x, start x)) l) /\
  total_latency l = sum snd v + sum output_len requests.
Proof.
  intros made. apply rounds_from in made as (n & ended & <-).
  destruct (paid_after n) as (v & same & delays & order & _).
  pose proof (reserving_evicts_none M B requests instance p reserves enough n) as whole.
  pose proof (kept_after M B requests instance p _ ordinary n) as good.
  set (last := after p n (begin requests)) in *.
  apply is_done_spec in ended as (no_R & no_W & no_C).
  assert (all : map fst v = in_its_order).
  { rewrite <- order. unfold queue_of, arriving. rewrite no_W, no_C. cbn. now rewrite app_nil_r. }
  exists v. repeat split; auto.
  - rewrite same. unfold started_at. rewrite no_R. cbn [map]. now rewrite app_nil_r.
  - rewrite (latency_of_started last v whole good no_R same), all.
    now rewrite (sum_perm _ _ _ (proj1 order_is_requests)).
Qed.
End Delays.
