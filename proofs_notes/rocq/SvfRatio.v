(* T20: if all requests arrive in round 0, SVF costs at most 1 + 2 / (1 - alpha_M) times OPT. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Starts Ratio.
From AminRef Require Import Policies Reserved PolicyRuns PolicyRules.
From AminRef.facts Require Import Sums Lists Blocks Decisions Rounds Policies.
Import ListNotations.
Open Scope Z_scope.

(* The peak of a request: what it holds in its last round. *)
Definition peak (B : Z) (r : request) : Z := occ B (prompt_len r + output_len r).

(* The peak in each of its rounds. *)
Definition peak_rounds (B : Z) (r : request) : Z := peak B r * output_len r.

(* What two numbers of tokens occupy is at least what they occupy together. *)
Lemma occ_together B x y : 1 <= B -> occ B (x + y) <= occ B x + occ B y.
Proof.
  intros block. destruct (proj1 (occ_is B block x _) eq_refl) as [[q whole] near].
  destruct (proj1 (occ_is B block y _) eq_refl) as [[k whole'] near'].
  rewrite whole, whole' in *. etransitivity; [apply (occ_mono B block _ (B * (q + k))); lia|].
  apply Z.eq_le_incl. rewrite <- Z.mul_add_distr_l. symmetry. apply occ_is; [exact block|].
  split; [now exists (q + k)|lia].
Qed.

(* A sum over 1, ..., n from the other end. *)
Lemma sum_reversed (f : nat -> Z) n :
  sum (fun a => f (S n - a)%nat) (seq 1 n) = sum f (seq 1 n).
Proof.
  induction n as [|n IH]; [reflexivity|].
  assert (at_end : sum f (seq 1 (S n)) = sum f (seq 1 n) + f (S n))
    by (rewrite seq_S, sum_app; cbn [sum Nat.add]; lia).
  rewrite at_end, <- IH. cbn [seq sum]. rewrite <- seq_shift, sum_map.
  replace (S (S n) - 1)%nat with (S n) by lia.
  rewrite (sum_ext (fun a => f (S (S n) - S a)%nat) (fun a => f (S n - a)%nat)); [lia|].
  intros a _. f_equal.
Qed.

(* The volume as a sum. *)
Lemma volume_sum B r n :
  volume B r n = sum (fun a => occ B (prompt_len r + Z.of_nat a)) (seq 1 n).
Proof.
  induction n as [|n IH]; [reflexivity|]. rewrite seq_S, sum_app, <- IH. cbn [volume sum Nat.add].
  lia.
Qed.

(* P_i * o_i <= 2 * v_i: the a-th round and the a-th from the end hold the peak together. *)
Lemma peak_in_pairs M B r : 1 <= B -> sane M B r -> peak_rounds B r <= 2 * volume_of B r.
Proof.
  intros block [prompt_some output_some _ _ _ _]. unfold peak_rounds, volume_of.
  rewrite volume_sum. set (n := Z.to_nat (output_len r)).
  set (f := fun a => occ B (prompt_len r + Z.of_nat a)).
  assert (both : 2 * sum f (seq 1 n) = sum (fun a => f a + f (S n - a)%nat) (seq 1 n))
    by (rewrite sum_plus, (sum_reversed f n); lia).
  rewrite both. replace (output_len r) with (Z.of_nat (length (seq 1 n))) by
    (rewrite seq_length; unfold n; lia).
  rewrite <- sum_const. apply sum_le. intros a here. apply in_seq in here. unfold f, peak.
  etransitivity; [|apply occ_together; exact block]. apply occ_mono; [exact block|]. unfold n in *.
  lia.
Qed.

Section Svf.
Variables M B P : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Hypothesis zero : at_once requests.
Hypothesis peaks : Forall (fun r => peak B r <= P) requests.
Hypothesis below : P < M.
Let block := some_block _ _ _ instance.
Notation p := (svf M B).
Let reserves := reserving_policies M B requests instance p ltac:(tauto).
Let ordinary := reserving_common M B requests instance p (proj1 reserves) (proj2 reserves).
Notation kept := (kept M B requests p (never_exceeds M B)).

(* The started requests with the rounds in which they started. *)
Definition started_at (s : state) : list placed :=
  map (fun x => (of x, start x)) (log s) ++
  map (fun j => (tag j, now s - generated j)) (running s).

(* The peaks that ran so far, summed over the rounds. *)
Definition peaks_so_far (s : state) : Z :=
  sum (fun x => peak B (of x) * (stop x - start x)) (log s) +
  sum (fun j => peak B (tag j) * generated j) (running s).

(* Each starts by the round that the requests before it pay for. *)
Fixpoint delays_paid (before : Z) (l : list placed) : Prop :=
  match l with
  | [] => True
  | (r, t) :: later => (M - P) * t <= before /\ delays_paid (before + peak_rounds B r) later
  end.

(* The requests in SVF's order. *)
Definition svf_order : list request := map tag (queue_of p (begin requests)).

(* The invariant: the started requests are a prefix of the order, and have paid for the delays. *)
Definition paid (s : state) : Prop := exists l, Permutation l (started_at s) /\
  delays_paid 0 l /\ map fst l ++ map tag (queue_of p s) = svf_order /\
  (queue_of p s <> [] -> (M - P) * now s <= peaks_so_far s).

(* Peaks are not negative. *)
Lemma peak_nonneg r : In r requests -> 0 <= peak B r /\ 0 <= peak_rounds B r.
Proof.
  intros here. destruct (sane_of M B requests instance r here) as [prompt_some output_some _ _ _ _].
  assert (0 <= peak B r) by (apply occ_nonneg; [exact block|lia]).
  split; [assumption|]. apply Z.mul_nonneg_nonneg; lia.
Qed.

(* Paid delays of two lists in a row. *)
Lemma delays_app before l m : delays_paid before (l ++ m) <->
  delays_paid before l /\ delays_paid (before + sum (fun x => peak_rounds B (fst x)) l) m.
Proof.
  revert before. induction l as [|[r t] l IH]; intros before; cbn.
  - rewrite Z.add_0_r. tauto.
  - rewrite IH, Z.add_assoc. tauto.
Qed.

(* Requests that start together are paid if the first is. *)
Lemma delays_together before t (A : list (job request)) :
  (forall j, In j A -> In (tag j) requests) -> (M - P) * t <= before ->
  delays_paid before (map (fun j => (tag j, t)) A).
Proof.
  revert before. induction A as [|j A IH]; intros before all enough; cbn; [exact I|].
  split; [exact enough|]. apply IH; [intros i here; apply all; now right|].
  pose proof (peak_nonneg (tag j) (all j (or_introl eq_refl))). lia.
Qed.

(* If what runs and w do not fit as planned, then their peaks exceed M. *)
Lemma unfit_peaks R w : Forall (own requests p) (R ++ [w]) -> ~ never_exceeds M B (R ++ [w]) ->
  M < sum (fun j => peak B (tag j)) R + peak B (tag w).
Proof.
  intros all no. apply Z.lt_nge. intros fit. apply no. intros k later.
  replace (sum _ R + peak B (tag w)) with (sum (fun j => peak B (tag j)) (R ++ [w])) in fit
    by (rewrite sum_app; cbn; lia).
  etransitivity; [|exact fit]. rewrite as_assumed_sum. apply sum_le. intros j here.
  rewrite Forall_forall in all. destruct (all j here) as (is_known & same & length & some).
  cbn in length. destruct (peak_nonneg _ is_known) as [positive _].
  unfold more_tokens, will_hold. rewrite whole_blocks_occ by exact block.
  destruct (Z.ltb_spec (generated j) (assumed j)); [|lia].
  destruct (Z.ltb_spec k (assumed j - generated j)); [|exact positive].
  apply occ_mono; [exact block|]. lia.
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

(* Each running request adds its peak. *)
Lemma peaks_next : peaks_so_far s' = peaks_so_far s + sum (fun j => peak B (tag j)) R.
Proof.
  unfold peaks_so_far, s'. rewrite (round_of p s [] R L decided). cbn [log running map app].
  set (spent := fun j : job request => peak B (tag j) * generated j).
  rewrite sum_app, sum_map.
  replace (sum _ (filter has_all (map one_more R)))
    with (sum spent (filter has_all (map one_more R)))
    by (apply sum_ext; intros j _; unfold spent; cbn; f_equal; lia).
  assert (all : sum spent (filter has_all (map one_more R)) +
    sum spent (filter unfinished (map one_more R)) =
    sum spent (running s) + sum (fun j => peak B (tag j)) R).
  { rewrite <- sum_app, <- (sum_perm _ _ _ (finished_or_not R)), sum_map.
    rewrite (sum_ext _ (fun j => spent j + peak B (tag j))) by (intros j _; unfold spent; cbn; lia).
    rewrite sum_plus. f_equal. rewrite runs, sum_app, (sum_zero spent (rev A)); [lia|].
    intros j here. apply in_rev in here. pose proof admitted_new as new.
    rewrite Forall_forall in new. destruct (new j here) as [_ none]. unfold spent.
    rewrite none. lia. }
  unfold spent in *. lia.
Qed.
End Round.

(* What the started requests have spent is at most what they pay for. *)
Lemma spent_by_started s l : kept s -> Forall (fun x => completed x = true) (log s) ->
  Permutation l (started_at s) -> peaks_so_far s <= sum (fun x => peak_rounds B (fst x)) l.
Proof.
  intros good whole same. rewrite (sum_perm _ _ _ same). unfold started_at, peaks_so_far.
  rewrite sum_app, !sum_map. cbn [fst]. apply Z.add_le_mono; apply sum_le; intros x here.
  - pose proof (kept_log _ _ _ _ _ s good) as well. rewrite Forall_forall in well, whole.
    destruct (well x here) as (_ & _ & _ & len). rewrite (whole x here) in len. rewrite len.
    reflexivity.
  - pose proof (kept_running _ _ _ _ _ s good) as all. rewrite Forall_forall in all.
    destruct (all x here) as ((is_known & _ & _ & range) & _). unfold peak_rounds.
    apply Z.mul_le_mono_nonneg_l; [now apply peak_nonneg|lia].
Qed.

(* While w waits, the peaks of those that run sum up to more than M - P. *)
Lemma waiting_pays s A w later : kept s -> queue_of p s = A ++ w :: later ->
  ~ never_exceeds M B (running s ++ A ++ [w]) ->
  M - P < sum (fun j => peak B (tag j)) (rev A ++ running s).
Proof.
  intros good queued no. pose proof (queue_own M B requests instance p _ s _ A good queued) as new.
  apply Forall_app in new as [new_A new_w]. apply Forall_cons_iff in new_w as [(own_w & _) _].
  rewrite app_assoc in no. apply unfit_peaks in no.
  - rewrite (sum_perm _ (rev A ++ running s) (running s ++ A))
      by (rewrite <- Permutation_rev; apply Permutation_app_comm).
    pose proof peaks as small. rewrite Forall_forall in small.
    specialize (small (tag w) (proj1 own_w)). lia.
  - rewrite !Forall_app. repeat split.
    + eapply Forall_impl; [|exact (kept_running _ _ _ _ _ s good)]. now intros j [is _].
    + eapply Forall_impl; [|exact new_A]. now intros j [is _].
    + now constructor.
Qed.

(* The invariant holds after each number of rounds. *)
Lemma paid_after n : paid (after p n (begin requests)).
Proof.
  induction n as [|n (l & same & delays & order & spent)].
  - exists []. cbn. repeat split; auto; try lia; constructor.
  - set (s := after p n (begin requests)) in *.
    pose proof (kept_after M B requests instance p _ ordinary n) as good. fold s in good.
    pose proof (reserving_evicts_none M B requests instance p (proj1 reserves) (proj2 reserves) n)
      as whole. fold s in whole.
    assert (from_now : 0 <= now s) by (unfold s; rewrite now_after; lia).
    change (after p (Datatypes.S n) (begin requests)) with (round p s).
    destruct (decided_by p s) as [[E R] L] eqn:decided. pose proof decided as step.
    unfold decided_by in step. rewrite (proj1 reserves) in step.
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
      rewrite (peaks_next s R _ A good decided runs queued).
      pose proof (waiting_pays s A w L' good queued (stop w L' eq_refl)) as more.
      rewrite <- runs in more. rewrite (round_of p s [] R _ decided). cbn [now]. lia.
Qed.

(* From the delays to the volumes: the start of each request is paid by those before it. *)
Lemma delays_to_volumes before volumes l : (forall x, In x l -> In (fst x) requests) ->
  delays_paid before l -> before <= 2 * volumes ->
  (M - P) * sum snd l <= 2 * sum_of_totals (volume_of B) volumes (map fst l).
Proof.
  revert before volumes. induction l as [|[r t] l IH]; intros before volumes all; [cbn; lia|].
  intros [first rest] less. cbn [map fst sum snd sum_of_totals].
  pose proof (peak_in_pairs M B r block (sane_of M B requests instance r
    (all (r, t) (or_introl eq_refl)))) as double.
  assert (0 <= volume_of B r).
  { pose proof (peak_nonneg r (all (r, t) (or_introl eq_refl))). lia. }
  specialize (IH (before + peak_rounds B r) (volumes + volume_of B r)
    (fun x here => all x (or_intror here)) rest ltac:(lia)). lia.
Qed.

(* SVF's order is that of the volumes. *)
Lemma svf_order_sorted : Permutation svf_order requests /\
  StronglySorted (fun r q => volume_of B r <= volume_of B q) svf_order.
Proof.
  assert (all_at_0 : arriving (begin requests) = requests).
  { apply filter_all. intros r here. pose proof zero as all. unfold at_once in all.
    rewrite Forall_forall in all. apply Z.leb_le. rewrite (all r here). cbn. lia. }
  split.
  - unfold svf_order. rewrite (queue_of_perm p), all_at_0. cbn [waiting begin app].
    rewrite map_map. cbn. now rewrite map_id.
  - pose proof (queue_sorted M B requests instance p _ ordinary 0
      (proj1 (by_number_order _)) (proj2 (by_number_order _))) as sorted.
    change (after p 0 (begin requests)) with (begin requests) in sorted. unfold svf_order.
    revert sorted. generalize (queue_of p (begin requests)). intros q sorted.
    induction sorted as [|j l _ IH first]; cbn [map]; constructor; [exact IH|].
    apply Forall_map. eapply Forall_impl; [|exact first]. intros i.
    cbn [before svf]. unfold by_number.
    rewrite orb_true_iff, andb_true_iff, Z.ltb_lt, Z.eqb_eq, Z.leb_le. fold (volume_of B (tag i)).
    fold (volume_of B (tag j)). lia.
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
  In (r, t) v -> (M - P) * t <= sum (peak_rounds B) a.
Proof.
  intros delays distinct shape here.
  apply map_eq_app in shape as (va & rest & -> & <- & shape).
  apply map_eq_cons in shape as ([r' t'] & vb & -> & same & <-). cbn in same. subst r'.
  apply delays_app in delays as [_ [enough _]]. rewrite sum_map.
  assert (one : (r, t) = (r, t')); [|injection one as ->; lia].
  apply (nodup_same fst _ _ _ distinct here); [|reflexivity]. apply in_app_iff. right. now left.
Qed.

(* T20. *)
Theorem svf_ratio fuel l s : simulate p fuel requests = Some l -> valid M B requests s ->
  (exists ascending, Permutation ascending requests /\
    StronglySorted (fun r q => volume_of B r <= volume_of B q) ascending /\
    forall a r b x, ascending = a ++ r :: b -> In x l -> of x = r ->
      (M - P) * start x <= sum (peak_rounds B) a) /\
  (M - P) * total_latency l <= (3 * M - P) * total_latency s.
Proof.
  intros made V. apply rounds_from in made as (n & ended & <-).
  destruct (paid_after n) as (v & same & delays & order & _).
  pose proof (reserving_evicts_none M B requests instance p (proj1 reserves) (proj2 reserves) n)
    as whole.
  pose proof (kept_after M B requests instance p _ ordinary n) as good.
  set (last := after p n (begin requests)) in *.
  apply is_done_spec in ended as (no_R & no_W & no_C).
  assert (all : map fst v = svf_order).
  { rewrite <- order. unfold queue_of, arriving. rewrite no_W, no_C. cbn. now rewrite app_nil_r. }
  destruct svf_order_sorted as [of_requests sorted].
  assert (distinct : NoDup (map fst v)).
  { rewrite all. eapply Permutation_NoDup; [symmetry; exact of_requests|].
    exact (NoDup_map_inv id _ (distinct_ids _ _ _ instance)). }
  split.
  - exists svf_order. split; [exact of_requests|]. split; [exact sorted|].
    intros a r b x shape here <-. apply (one_delay v a (of x) b); auto; [now rewrite all|].
    rewrite same. apply in_app_iff. left. exact (in_map (fun y => (of y, start y)) _ x here).
  - destruct (volume_bound M B requests instance s svf_order zero V of_requests sorted)
      as [outputs volumes].
    rewrite (latency_of_started last v whole good no_R same), all, (sum_perm _ _ _ of_requests).
    assert (known_v : forall x, In x v -> In (fst x) requests).
    { intros x here. rewrite <- of_requests, <- all. now apply in_map. }
    pose proof (delays_to_volumes 0 0 v known_v delays ltac:(lia)) as starts. rewrite all in starts.
    assert ((M - P) * sum output_len requests <= (M - P) * total_latency s)
      by (apply Z.mul_le_mono_nonneg_l; lia). lia.
Qed.
End Svf.
