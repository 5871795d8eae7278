(* Section 5: prices, the bound that they certify, and that it is at most the cost of every valid
   schedule (T10); OPT loses nothing by not evicting (Lemma 6). *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Safety Refine.
From AminRef.facts Require Import Sums Lists Blocks.
Import ListNotations.
Open Scope Z_scope.

(* What request r occupies in its k-th round, from 0 on. *)
Definition occ_of (B : Z) (r : request) (k : Z) : Z :=
  if (0 <=? k) && (k <? output_len r) then occ B (prompt_len r + k + 1) else 0.

(* What r pays for its cells, where the first price is that of its k-th round. *)
Fixpoint rent (B : Z) (prices : list Z) (r : request) (k : Z) : Z :=
  match prices with [] => 0 | c :: later => c * occ_of B r k + rent B later r (k + 1) end.

(* What r pays if it starts in round t: d times its latency, and the rent. Prices are c / d. *)
Definition pays (B : Z) (prices : list Z) (d : Z) (r : request) (t : Z) : Z :=
  d * (t + output_len r - arrival r) + rent B prices r (- t).

(* The least of f from, ..., f (from + more). *)
Fixpoint least (f : Z -> Z) (from : Z) (more : nat) : Z :=
  match more with O => f from | S n => Z.min (f from) (least f (from + 1) n) end.

(* The least that r can pay. *)
Definition cheapest (B : Z) (prices : list Z) (d : Z) (r : request) : Z :=
  least (pays B prices d r) (arrival r) (Z.to_nat (Z.of_nat (length prices) - arrival r)).

(* d times the bound L of the prices c_0 / d, c_1 / d, ... of rounds 0, 1, ... *)
Definition bound (M B : Z) (prices : list Z) (d : Z) (requests : list request) : Z :=
  sum (cheapest B prices d) requests - M * sum (fun c => c) prices.

(* The capacity in whole blocks: M' of the book. *)
Definition usable (M B : Z) : Z := B * (M / B).

(* v is the least cost of a valid schedule. *)
Definition optimum (M B : Z) (requests : list request) (v : Z) : Prop :=
  (exists s, valid M B requests s /\ total_latency s = v) /\
  forall s, valid M B requests s -> v <= total_latency s.

(* Prices with their rounds, the first of which is t. *)
Fixpoint dated (t : Z) (prices : list Z) : list (Z * Z) :=
  match prices with [] => [] | c :: later => (t, c) :: dated (t + 1) later end.

(* The sum of dated prices. *)
Lemma dated_sum t prices : sum snd (dated t prices) = sum (fun c => c) prices.
Proof. revert t. induction prices as [|c l IH]; intros t; cbn; [reflexivity|]. rewrite IH. lia. Qed.

(* A dated price is one of the prices, and its round is in range. *)
Lemma in_dated t prices p : In p (dated t prices) ->
  In (snd p) prices /\ t <= fst p < t + Z.of_nat (length prices).
Proof.
  revert t. induction prices as [|c l IH]; intros t; cbn [dated In length]; [tauto|].
  intros [<-|here]; cbn [fst snd]; [split; [auto|lia]|]. apply IH in here as [here range].
  split; [auto|lia].
Qed.

(* The least is at most each value. *)
Lemma least_le f from n k : 0 <= k <= Z.of_nat n -> least f from n <= f (from + k).
Proof.
  revert from k. induction n as [|n IH]; intros from k range; cbn [least].
  - replace (from + k) with from by lia. lia.
  - destruct (Z.eq_dec k 0) as [->|].
    + replace (from + 0) with from by lia. lia.
    + specialize (IH (from + 1) (k - 1) ltac:(lia)).
      replace (from + 1 + (k - 1)) with (from + k) in IH by lia. lia.
Qed.

(* The least is one of the values. *)
Lemma least_attained f from n : exists k, 0 <= k <= Z.of_nat n /\ least f from n = f (from + k).
Proof.
  revert from. induction n as [|n IH]; intros from; cbn [least].
  - exists 0. split; [lia|]. f_equal. lia.
  - destruct (IH (from + 1)) as (k & range & same). rewrite same.
    destruct (Z.min_spec (f from) (f (from + 1 + k))) as [[_ ->]|[_ ->]].
    + exists 0. split; [lia|]. f_equal. lia.
    + exists (k + 1). split; [lia|]. f_equal. lia.
Qed.

(* Each request of an instance is sane. *)
Lemma sane_in M B requests r : sane_instance M B requests -> In r requests -> sane M B r.
Proof. intros instance. apply Forall_forall. exact (all_sane _ _ _ instance). Qed.

Section Bound.
Variables M B : Z.
Hypothesis some_block : 1 <= B.

(* Rent as a sum over dated prices. *)
Lemma rent_sum prices r t0 t :
  rent B prices r (t0 - t) = sum (fun p => snd p * occ_of B r (fst p - t)) (dated t0 prices).
Proof.
  revert t0. induction prices as [|c l IH]; intros t0; cbn; [reflexivity|].
  rewrite <- IH. replace (t0 + 1 - t) with (t0 - t + 1) by lia. reflexivity.
Qed.

(* A request that starts after the last price pays no rent. *)
Lemma rent_after prices r t : Z.of_nat (length prices) <= t -> rent B prices r (- t) = 0.
Proof.
  intros late. replace (- t) with (0 - t) by lia. rewrite rent_sum. apply sum_zero.
  intros p here. apply in_dated in here as [_ range]. unfold occ_of.
  replace (0 <=? fst p - t) with false by (symmetry; apply Z.leb_gt; lia). cbn. lia.
Qed.

(* T10 (a), first half: the least over the rounds that are looked at is the least over all. *)
Lemma cheapest_le prices d r t : 0 <= d -> 0 <= arrival r -> arrival r <= t ->
  cheapest B prices d r <= pays B prices d r t.
Proof.
  intros some came late. unfold cheapest. set (T := Z.of_nat (length prices)).
  assert (looked_at : forall t', arrival r <= t' <= Z.max (arrival r) T ->
    least (pays B prices d r) (arrival r) (Z.to_nat (T - arrival r)) <= pays B prices d r t').
  { intros t' range. replace t' with (arrival r + (t' - arrival r)) by lia. apply least_le. lia. }
  destruct (Z_le_gt_dec t (Z.max (arrival r) T)) as [inside|after]; [apply looked_at; lia|].
  etransitivity; [apply (looked_at (Z.max (arrival r) T)); lia|].
  unfold pays. rewrite !rent_after by lia. nia.
Qed.

(* T10 (a), second half: it is attained, at T or before if r has arrived by then. *)
Lemma cheapest_attained prices d r : exists t,
  arrival r <= t <= Z.max (arrival r) (Z.of_nat (length prices)) /\
  cheapest B prices d r = pays B prices d r t.
Proof.
  unfold cheapest. destruct (least_attained (pays B prices d r) (arrival r)
    (Z.to_nat (Z.of_nat (length prices) - arrival r))) as (k & range & same).
  exists (arrival r + k). split; [lia|exact same].
Qed.

(* What a completed run holds is what its request occupies from its start on. *)
Lemma holds_in_completed t x :
  stop x - start x = output_len (of x) -> holds_in B t x = occ_of B (of x) (t - start x).
Proof.
  intros len. unfold holds_in, occ_of.
  replace (0 <=? t - start x) with (start x <=? t)
    by (destruct (Z.leb_spec (start x) t), (Z.leb_spec 0 (t - start x)); lia).
  replace (t - start x <? output_len (of x)) with (t <? stop x)
    by (destruct (Z.ltb_spec t (stop x)), (Z.ltb_spec (t - start x) (output_len (of x))); lia).
  reflexivity.
Qed.

Variable requests : list request.
Hypothesis instance : sane_instance M B requests.

(* The request of every run of a valid schedule is sane. *)
Lemma valid_sane s x : valid M B requests s -> In x s -> sane M B (of x).
Proof.
  intros V here. apply (sane_in M B requests _ instance). destruct (completed x) eqn:done.
  - eapply Permutation_in; [exact (completes_once _ _ _ _ V)|]. apply in_map, filter_In. auto.
  - apply (evicted_length _ _ _ _ V x here done).
Qed.

(* What a run holds is not negative. *)
Lemma holds_in_nonneg t x : sane M B (of x) -> 0 <= holds_in B t x.
Proof.
  intros [some _ _ _ _ _]. unfold holds_in. destruct (_ && _) eqn:inside; [|lia].
  apply andb_prop in inside as [started _]. apply Z.leb_le in started.
  apply occ_nonneg; [exact some_block|]. lia.
Qed.

(* Lemma 6: without its evicted runs a valid schedule is valid and costs the same. *)
Theorem without_evictions s : valid M B requests s ->
  valid M B requests (filter completed s) /\
  total_latency (filter completed s) = total_latency s.
Proof.
  intros V. assert (twice : filter completed (filter completed s) = filter completed s)
    by (apply filter_all; intros x here; now apply filter_In in here).
  split; [|unfold total_latency; now rewrite twice].
  destruct V as [once_each len evicted came separate fit] eqn:shape. constructor.
  - now rewrite twice.
  - intros x here. apply filter_In in here as [here _]. now apply len.
  - intros x here out. apply filter_In in here as [_ done]. congruence.
  - intros x here. apply filter_In in here as [here _]. now apply came.
  - clear - separate. induction separate as [|x l first _ IH]; cbn; [constructor|].
    destruct (completed x); [|exact IH]. constructor; [|exact IH].
    apply filter_forall. exact first.
  - intros t. etransitivity; [|exact (fit t)]. apply sum_filter_le. intros x here.
    apply holds_in_nonneg. exact (valid_sane s x V here).
Qed.

(* What requests occupy together is a whole number of blocks. *)
Lemma whole_number_of_blocks t l :
  exists q, sum (fun x => occ_of B (of x) (t - start x)) l = B * q.
Proof.
  induction l as [|x l [q IH]]; [exists 0; cbn; lia|]. cbn. rewrite IH. unfold occ_of.
  destruct (_ && _); [|now exists q]. unfold occ. eexists. rewrite <- Z.mul_add_distr_l.
    reflexivity.
Qed.

(* The completed runs alone respect the capacity, in whole blocks. *)
Lemma completed_fit s t : valid M B requests s ->
  sum (fun x => occ_of B (of x) (t - start x)) (filter completed s) <= usable M B.
Proof.
  intros V. destruct (without_evictions s V) as [V' _].
  assert (fit : sum (fun x => occ_of B (of x) (t - start x)) (filter completed s) <= M).
  { etransitivity; [|exact (within_capacity _ _ _ _ V' t)]. apply Z.eq_le_incl, sum_ext.
    intros x here. symmetry. apply holds_in_completed. apply filter_In in here as [here done].
    exact (completed_length _ _ _ _ V x here done). }
  destruct (whole_number_of_blocks t (filter completed s)) as [q whole]. rewrite whole in *.
  unfold usable. apply Z.mul_le_mono_nonneg_l; [lia|]. apply Z.div_le_lower_bound; lia.
Qed.

(* What all pay is d times the latency, and the rents. *)
Lemma all_pay s prices d : valid M B requests s ->
  sum (fun x => pays B prices d (of x) (start x)) (filter completed s) =
  d * total_latency s + sum (fun p => snd p *
    sum (fun x => occ_of B (of x) (fst p - start x)) (filter completed s)) (dated 0 prices).
Proof.
  intros V. unfold total_latency. rewrite <- sum_scale.
  rewrite (sum_ext _ (fun x => d * (stop x - arrival (of x)) + rent B prices (of x) (0 - start x))).
  - rewrite sum_plus. f_equal. rewrite (sum_ext _ (fun x =>
      sum (fun p => snd p * occ_of B (of x) (fst p - start x)) (dated 0 prices)))
      by (intros x _; apply rent_sum).
    rewrite sum_exchange. apply sum_ext. intros p _. apply sum_scale.
  - intros x here. apply filter_In in here as [here done].
    pose proof (completed_length _ _ _ _ V x here done) as len. unfold pays.
    replace (0 - start x) with (- start x) by lia. nia.
Qed.

(* T10: the bound is at most the cost of every valid schedule. *)
Theorem certificate_sound s prices d : valid M B requests s -> 1 <= d ->
  Forall (fun c => 0 <= c) prices -> bound (usable M B) B prices d requests <= d * total_latency s.
Proof.
  intros V some nonneg. unfold bound.
  assert (each : sum (cheapest B prices d) requests
    <= sum (fun x => pays B prices d (of x) (start x)) (filter completed s)).
  { rewrite <- (sum_perm _ _ _ (completes_once _ _ _ _ V)), sum_map. apply sum_le. intros x here.
    apply filter_In in here as [here _]. destruct (valid_sane s x V here) as [_ _ _ _ came _].
    apply cheapest_le; [lia|exact came|]. exact (not_before_arrival _ _ _ _ V x here). }
  rewrite (all_pay s prices d V) in each.
  enough (sum (fun p => snd p * sum (fun x => occ_of B (of x) (fst p - start x))
    (filter completed s)) (dated 0 prices) <= usable M B * sum (fun c => c) prices) by lia.
  rewrite <- (dated_sum 0), <- sum_scale. apply sum_le. intros p here.
  apply in_dated in here as [here _]. rewrite Forall_forall in nonneg. specialize (nonneg _ here).
  pose proof (completed_fit s (fst p) V). nia.
Qed.
End Bound.

Section Statements.
Variables M B : Z.
Variable requests : list request.

(* T10 in the book's words. *)
Lemma every_certificate prices d : sane_instance M B requests -> 1 <= d ->
  Forall (fun c => 0 <= c) prices ->
  (forall v, optimum M B requests v ->
    bound M B prices d requests <= bound (usable M B) B prices d requests <= d * v) /\
  (forall r, In r requests ->
    (forall t, arrival r <= t -> cheapest B prices d r <= pays B prices d r t) /\
    exists t, arrival r <= t <= Z.max (arrival r) (Z.of_nat (length prices)) /\
      cheapest B prices d r = pays B prices d r t).
Proof.
  intros instance some nonneg. split.
  - intros v [(s & V & <-) _]. pose proof (Records.some_block _ _ _ instance) as block.
    split; [|now apply (certificate_sound M B block requests instance)]. unfold bound.
    assert (usable M B <= M) by (apply Z.mul_div_le; lia).
    assert (0 <= sum (fun c => c) prices)
      by (apply sum_nonneg; intros c here; rewrite Forall_forall in nonneg; auto). nia.
  - intros r here. destruct (sane_in M B requests r instance here) as [_ _ _ _ came _]. split.
    + intros t late. apply cheapest_le; lia.
    + apply cheapest_attained.
Qed.
End Statements.
