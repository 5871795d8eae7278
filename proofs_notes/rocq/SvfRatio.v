(* T20: if all requests arrive in round 0, SVF costs at most 1 + 2 / (1 - alpha_M) times OPT. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Starts Ratio.
From AminRef Require Import Policies Reserved PolicyRuns PolicyRules Delays.
From AminRef.facts Require Import Sums Lists Blocks Decisions Rounds Policies.
Import ListNotations.
Open Scope Z_scope.

(* The peak of a request: what it holds in its last round. *)
Definition peak (B : Z) (r : request) : Z := occ B (prompt_len r + output_len r).

(* The peak in each of its rounds. *)
Definition peak_rounds (B : Z) : request -> Z := work (peak B).

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
  intros block [prompt_some output_some _ _ _ _]. unfold peak_rounds, work, volume_of.
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

(* Peaks are not negative. *)
Lemma peak_nonneg r : In r requests -> 0 <= peak B r /\ 0 <= peak_rounds B r.
Proof.
  intros here. destruct (sane_of M B requests instance r here) as [prompt_some output_some _ _ _ _].
  assert (0 <= peak B r) by (apply occ_nonneg; [exact block|lia]).
  split; [assumption|]. apply Z.mul_nonneg_nonneg; lia.
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

(* While w waits, the peaks of those that run sum up to more than M - P. *)
Lemma waiting_pays s A w later : kept s -> queue_of p s = A ++ w :: later ->
  ~ never_exceeds M B (running s ++ A ++ [w]) ->
  M - P <= sum (fun j => peak B (tag j)) (rev A ++ running s).
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

(* From the delays to the volumes: the start of each request is paid by those before it. *)
Lemma delays_to_volumes before volumes l : (forall x, In x l -> In (fst x) requests) ->
  delays_paid (peak B) (M - P) before l -> before <= 2 * volumes ->
  (M - P) * sum snd l <= 2 * sum_of_totals (volume_of B) volumes (map fst l).
Proof.
  revert before volumes. induction l as [|[r t] l IH]; intros before volumes all; [cbn; lia|].
  intros [first rest] less. cbn [map fst sum snd sum_of_totals].
  pose proof (peak_in_pairs M B r block (sane_of M B requests instance r
    (all (r, t) (or_introl eq_refl)))) as double.
  assert (0 <= volume_of B r).
  { pose proof (peak_nonneg r (all (r, t) (or_introl eq_refl))). lia. }
  change (work (peak B) r) with (peak_rounds B r) in *.
  specialize (IH (before + peak_rounds B r) (volumes + volume_of B r)
    (fun x here => all x (or_intror here)) rest ltac:(lia)). lia.
Qed.

(* SVF's order is that of the volumes. *)
Lemma svf_order_sorted :
  StronglySorted (fun r q => volume_of B r <= volume_of B q) (in_its_order requests p).
Proof.
  pose proof (queue_sorted M B requests instance p _ ordinary 0
    (proj1 (by_number_order _)) (proj2 (by_number_order _))) as sorted.
  change (after p 0 (begin requests)) with (begin requests) in sorted. unfold in_its_order.
  revert sorted. generalize (queue_of p (begin requests)). intros q sorted.
  induction sorted as [|j l _ IH first]; cbn [map]; constructor; [exact IH|].
  apply Forall_map. eapply Forall_impl; [|exact first]. intros i.
  cbn [before svf]. unfold by_number.
  rewrite orb_true_iff, andb_true_iff, Z.ltb_lt, Z.eqb_eq, Z.leb_le. fold (volume_of B (tag i)).
  fold (volume_of B (tag j)). lia.
Qed.

(* T20. *)
Theorem svf_ratio fuel l s : simulate p fuel requests = Some l -> valid M B requests s ->
  (exists ascending, Permutation ascending requests /\
    StronglySorted (fun r q => volume_of B r <= volume_of B q) ascending /\
    forall a r b x, ascending = a ++ r :: b -> In x l -> of x = r ->
      (M - P) * start x <= sum (peak_rounds B) a) /\
  (M - P) * total_latency l <= (3 * M - P) * total_latency s.
Proof.
  intros made V.
  destruct (starts_are_paid M B requests instance zero p (proj1 reserves) (proj2 reserves) (peak B)
    (M - P) (fun r here => proj1 (peak_nonneg r here)) waiting_pays fuel l made)
    as (v & delays & all & same & cost).
  destruct (order_is_requests M B requests instance zero p) as [of_requests distinct].
  split.
  - exists (in_its_order requests p). split; [exact of_requests|]. split; [exact svf_order_sorted|].
    intros a r b x shape here <-.
    apply (one_delay (peak B) (M - P) v a (of x) b); auto; try (now rewrite all).
    rewrite same. exact (in_map (fun y => (of y, start y)) _ x here).
  - destruct (volume_bound M B requests instance s _ zero V of_requests svf_order_sorted)
      as [outputs volumes]. rewrite cost.
    assert (known_v : forall x, In x v -> In (fst x) requests).
    { intros x here. rewrite <- of_requests, <- all. now apply in_map. }
    pose proof (delays_to_volumes 0 0 v known_v delays ltac:(lia)) as starts. rewrite all in starts.
    assert ((M - P) * sum output_len requests <= (M - P) * total_latency s)
      by (apply Z.mul_le_mono_nonneg_l; lia). lia.
Qed.
End Svf.
