(* Certificates where tokens are kept: a request generates its tokens in any rounds that increase,
   and pays the prices of these rounds. The least payments, less what the capacity is worth, are at
   most the cost of every schedule. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Certificate.
From AminRef.facts Require Import Sums Lists Blocks.
Import ListNotations.
Open Scope Z_scope.

(* t <= t_1 < t_2 < ... *)
Fixpoint rising (t : Z) (rounds : list Z) : Prop :=
  match rounds with [] => True | u :: later => t <= u /\ rising (u + 1) later end.

(* The round after the last of these, or t. *)
Fixpoint end_of (t : Z) (rounds : list Z) : Z :=
  match rounds with [] => t | u :: later => end_of (u + 1) later end.

(* What r occupies in round t if it generates its tokens a, a + 1, ... in these rounds. *)
Fixpoint occupies (B : Z) (r : request) (a : Z) (rounds : list Z) (t : Z) : Z :=
  match rounds with
  | [] => 0
  | u :: later => (if t =? u then occ B (prompt_len r + a) else 0) + occupies B r (a + 1) later t
  end.

(* Rounds in which r may generate all its tokens. *)
Definition token_rounds (r : request) (rounds : list Z) : Prop :=
  rising (arrival r) rounds /\ Z.of_nat (length rounds) = output_len r.

(* A schedule of tokens: each request with its rounds, and no round exceeds M. *)
Record valid_tokens (M B : Z) (requests : list request) (v : list (request * list Z)) : Prop :=
  ValidTokens {
    tokens_once : Permutation (map fst v) requests;
    tokens_rounds : forall p, In p v -> token_rounds (fst p) (snd p);
    tokens_capacity : forall t, sum (fun p => occupies B (fst p) 1 (snd p) t) v <= M }.

(* Its cost: the sum of completion minus arrival. *)
Definition token_cost (v : list (request * list Z)) : Z :=
  sum (fun p => end_of (arrival (fst p)) (snd p) - arrival (fst p)) v.

(* The price of round u, where the first of these prices is that of round t. *)
Definition price_in (t : Z) (prices : list Z) (u : Z) : Z :=
  sum (fun p => if fst p =? u then snd p else 0) (dated t prices).

(* What r pays for its tokens a, a + 1, ... in these rounds. *)
Fixpoint token_rent (B : Z) (price : Z -> Z) (r : request) (a : Z) (rounds : list Z) : Z :=
  match rounds with
  | [] => 0
  | u :: later => price u * occ B (prompt_len r + a) + token_rent B price r (a + 1) later
  end.

(* What r pays in all: d times its latency, and the rent. Prices are c / d. *)
Definition token_pays (B : Z) (prices : list Z) (d : Z) (r : request) (rounds : list Z) : Z :=
  d * (end_of (arrival r) rounds - arrival r) + token_rent B (price_in 0 prices) r 1 rounds.

(* The least that r pays from round t on, if it has k tokens at the start of that round. *)
Fixpoint cheapest_from (B d : Z) (r : request) (k t : Z) (prices : list Z) : Z :=
  match prices with
  | [] => d * (t + (output_len r - k) - arrival r)
  | c :: later =>
      if output_len r <=? k then d * (t - arrival r)
      else Z.min (cheapest_from B d r k (t + 1) later)
        (c * occ B (prompt_len r + k + 1) + cheapest_from B d r (k + 1) (t + 1) later)
  end.

(* The least that r can pay. *)
Definition cheapest_rounds (B : Z) (prices : list Z) (d : Z) (r : request) : Z :=
  cheapest_from B d r 0 (arrival r) (skipn (Z.to_nat (arrival r)) prices).

(* d times the bound L' of the prices c_0 / d, c_1 / d, ... of rounds 0, 1, ... *)
Definition bound_kept (M B : Z) (prices : list Z) (d : Z) (requests : list request) : Z :=
  sum (cheapest_rounds B prices d) requests - usable M B * sum (fun c => c) prices.

(* Rounds that increase from t on end no sooner than one token a round. *)
Lemma end_of_rising t rounds : rising t rounds -> t + Z.of_nat (length rounds) <= end_of t rounds.
Proof.
  revert t. induction rounds as [|u later IH]; intros t; cbn [rising end_of length]; [lia|].
  intros [first rest]. specialize (IH _ rest). lia.
Qed.

(* n rounds from round t on. *)
Fixpoint in_a_row (n : nat) (t : Z) : list Z :=
  match n with O => [] | S m => t :: in_a_row m (t + 1) end.

(* They increase, and end n rounds later. *)
Lemma row_spec n t : rising t (in_a_row n t) /\ length (in_a_row n t) = n /\
  end_of t (in_a_row n t) = t + Z.of_nat n.
Proof.
  revert t. induction n as [|n IH]; intros t; cbn [in_a_row rising length end_of];
    [repeat split; lia|].
  destruct (IH (t + 1)) as (up & len & last). rewrite last. repeat split; [lia|exact up|lia|lia].
Qed.

(* A round before all prices has none. *)
Lemma price_before t prices u : u < t -> price_in t prices u = 0.
Proof.
  intros before. apply sum_zero. intros p here. apply in_dated in here as [_ range].
  now replace (fst p =? u) with false by (symmetry; apply Z.eqb_neq; lia).
Qed.

(* The price of the first round, and of a later one. *)
Lemma price_first t c later : price_in t (c :: later) t = c.
Proof.
  unfold price_in. cbn [dated sum fst snd]. rewrite Z.eqb_refl.
  pose proof (price_before (t + 1) later t ltac:(lia)) as none. unfold price_in in none. lia.
Qed.

(* In a later round the first price says nothing. *)
Lemma price_later t c later u : t < u -> price_in t (c :: later) u = price_in (t + 1) later u.
Proof.
  intros after. unfold price_in at 1. cbn [dated sum fst snd].
  now replace (t =? u) with false by (symmetry; apply Z.eqb_neq; lia).
Qed.

(* Rent depends on the prices from the first round on. *)
Lemma rent_same B f g r a t rounds : rising t rounds -> (forall u, t <= u -> f u = g u) ->
  token_rent B f r a rounds = token_rent B g r a rounds.
Proof.
  revert a t.
  induction rounds as [|u later IH]; intros a t; cbn [rising token_rent]; [reflexivity|].
  intros [first rest] same. rewrite same by exact first. f_equal. apply (IH _ (u + 1) rest).
  intros w after. apply same. lia.
Qed.

(* With no prices there is no rent. *)
Lemma rent_zero B f r a t rounds : rising t rounds -> (forall u, t <= u -> f u = 0) ->
  token_rent B f r a rounds = 0.
Proof.
  intros up none. rewrite (rent_same B f (fun _ => 0) r a t rounds up none). clear.
  revert a. induction rounds as [|u later IH]; intros a; cbn [token_rent]; [reflexivity|].
  rewrite IH. lia.
Qed.

(* No choice of rounds from t on is cheaper. *)
Lemma cheapest_from_le B d r prices k t rounds : 0 <= d -> rising t rounds ->
  Z.of_nat (length rounds) = output_len r - k ->
  cheapest_from B d r k t prices
  <= d * (end_of t rounds - arrival r) + token_rent B (price_in t prices) r (k + 1) rounds.
Proof.
  intros some. revert k t rounds.
  induction prices as [|c later IH]; intros k t rounds up len; cbn [cheapest_from].
  - pose proof (end_of_rising t rounds up). rewrite (rent_zero B _ r _ t rounds up); [nia|].
    intros u _. reflexivity.
  - destruct rounds as [|u rest]; cbn [rising end_of length token_rent] in *.
    + replace (output_len r <=? k) with true by (symmetry; apply Z.leb_le; lia). lia.
    + destruct up as [first up].
      replace (output_len r <=? k) with false by (symmetry; apply Z.leb_gt; lia).
      destruct (Z.eq_dec u t) as [->|after].
      * rewrite price_first, (rent_same B _ (price_in (t + 1) later) r _ (t + 1) rest up)
          by (intros w more; apply price_later; lia).
        specialize (IH (k + 1) (t + 1) rest up ltac:(lia)).
        replace (prompt_len r + k + 1) with (prompt_len r + (k + 1)) by lia. lia.
      * specialize (IH k (t + 1) (u :: rest)). cbn [rising end_of length token_rent] in IH.
        specialize (IH ltac:(split; [lia|exact up]) len).
        rewrite price_later, (rent_same B _ (price_in (t + 1) later) r _ (u + 1) rest up)
          by (intros; try apply price_later; lia). lia.
Qed.

(* Some choice is as cheap, and after the last price it generates a token in each round. *)
Lemma cheapest_from_attained B d r prices k t : k <= output_len r -> exists rounds,
  rising t rounds /\ Z.of_nat (length rounds) = output_len r - k /\
  end_of t rounds <= t + Z.of_nat (length prices) + (output_len r - k) /\
  cheapest_from B d r k t prices
  = d * (end_of t rounds - arrival r) + token_rent B (price_in t prices) r (k + 1) rounds.
Proof.
  revert k t. induction prices as [|c later IH]; intros k t within; cbn [cheapest_from].
  - destruct (row_spec (Z.to_nat (output_len r - k)) t) as (up & len & last).
    eexists. split; [exact up|]. split; [lia|]. split; [cbn [length]; lia|].
    rewrite last, (rent_zero B _ r _ t _ up), Z2Nat.id by (reflexivity || lia). lia.
  - destruct (Z.leb_spec (output_len r) k) as [all|more].
    { exists []. cbn [rising length end_of token_rent]. repeat split; lia. }
    destruct (IH k (t + 1) within) as (skip & up & len & soon & same).
    destruct (IH (k + 1) (t + 1) ltac:(lia)) as (use & up' & len' & soon' & same').
    destruct (Z.min_spec (cheapest_from B d r k (t + 1) later)
      (c * occ B (prompt_len r + k + 1) + cheapest_from B d r (k + 1) (t + 1) later))
      as [[_ ->]|[_ ->]].
    + exists skip. destruct skip as [|u rest]; cbn [rising length end_of token_rent] in *; [lia|].
      destruct up as [first up]. split; [split; [lia|exact up]|]. split; [exact len|].
      split; [lia|].
      rewrite same, price_later,
        (rent_same B (price_in t _) (price_in (t + 1) later) r _ (u + 1) rest up)
        by (intros; try apply price_later; lia). reflexivity.
    + exists (t :: use). cbn [rising length end_of token_rent].
      repeat split; [lia|exact up'|lia|lia|].
      rewrite same', price_first, (rent_same B (price_in t _) (price_in (t + 1) later) r _ (t + 1)
        use up') by (intros w after; apply price_later; lia).
      replace (prompt_len r + k + 1) with (prompt_len r + (k + 1)) by lia. lia.
Qed.

(* From round t on, the prices are those that are left after t of them. *)
Lemma price_skipped t prices u : 0 <= t <= u ->
  price_in 0 prices u = price_in t (skipn (Z.to_nat t) prices) u.
Proof.
  assert (shifted : forall n from l w, from + Z.of_nat n <= w ->
    price_in from l w = price_in (from + Z.of_nat n) (skipn n l) w).
  { induction n as [|n IH]; intros from l w after.
    - now replace (from + Z.of_nat 0) with from by lia.
    - destruct l as [|c l]; [reflexivity|]. cbn [skipn]. rewrite price_later by lia.
      rewrite (IH (from + 1) l w) by lia. f_equal. lia. }
  intros range. rewrite (shifted (Z.to_nat t) 0 prices u) by lia. f_equal. lia.
Qed.

(* The least payment is at most every payment, and it is one. *)
Lemma cheapest_rounds_is_least B prices d r : 0 <= d -> 0 <= arrival r -> 0 <= output_len r ->
  (forall rounds, token_rounds r rounds ->
    cheapest_rounds B prices d r <= token_pays B prices d r rounds) /\
  exists rounds, token_rounds r rounds /\
    end_of (arrival r) rounds <= Z.max (arrival r) (Z.of_nat (length prices)) + output_len r /\
    cheapest_rounds B prices d r = token_pays B prices d r rounds.
Proof.
  intros some came out. unfold cheapest_rounds, token_pays.
  assert (same : forall rounds, rising (arrival r) rounds ->
    token_rent B (price_in 0 prices) r 1 rounds
    = token_rent B (price_in (arrival r) (skipn (Z.to_nat (arrival r)) prices)) r (0 + 1) rounds).
  { intros rounds up. apply (rent_same _ _ _ _ _ (arrival r)); [exact up|].
    intros u after. apply price_skipped. lia. }
  split.
  - intros rounds [up len]. rewrite same by exact up. apply cheapest_from_le; auto. lia.
  - destruct (cheapest_from_attained B d r (skipn (Z.to_nat (arrival r)) prices) 0 (arrival r) out)
      as (rounds & up & len & soon & least). exists rounds. split; [split; [exact up|lia]|].
    rewrite skipn_length in soon. split; [lia|]. now rewrite same.
Qed.

Section Bound.
Variables M B : Z.
Hypothesis some_block : 1 <= B.

(* Rent as a sum over dated prices. *)
Lemma token_rent_sum prices r a rounds : token_rent B (price_in 0 prices) r a rounds =
  sum (fun p => snd p * occupies B r a rounds (fst p)) (dated 0 prices).
Proof.
  revert a. induction rounds as [|u later IH]; intros a; cbn [token_rent occupies].
  - symmetry. apply sum_zero. intros p _. lia.
  - rewrite IH, (Z.mul_comm (price_in _ _ _)). unfold price_in. rewrite <- sum_scale, <- sum_plus.
    apply sum_ext. intros p _. destruct (fst p =? u); lia.
Qed.

(* In rounds in a row, a request occupies what it occupies in a run. *)
Lemma occupies_in_a_row r n a t u : occupies B r a (in_a_row n t) u =
  if (t <=? u) && (u <? t + Z.of_nat n) then occ B (prompt_len r + a + (u - t)) else 0.
Proof.
  revert a t. induction n as [|n IH]; intros a t; cbn [in_a_row occupies].
  - destruct (Z.leb_spec t u), (Z.ltb_spec u (t + Z.of_nat 0)); cbn [andb]; lia.
  - rewrite IH. destruct (Z.eqb_spec u t) as [->|other].
    + rewrite Z.leb_refl, (proj2 (Z.leb_gt (t + 1) t)) by lia. cbn [andb].
      rewrite (proj2 (Z.ltb_lt t _)), Z.sub_diag, !Z.add_0_r by lia. reflexivity.
    + replace (prompt_len r + (a + 1) + (u - (t + 1))) with (prompt_len r + a + (u - t)) by lia.
      destruct (Z.leb_spec (t + 1) u), (Z.leb_spec t u), (Z.ltb_spec u (t + 1 + Z.of_nat n)),
        (Z.ltb_spec u (t + Z.of_nat (S n))); cbn [andb]; lia.
Qed.

(* So it pays in all what it pays for a run. *)
Lemma pays_in_a_row prices d r t : 1 <= output_len r ->
  token_pays B prices d r (in_a_row (Z.to_nat (output_len r)) t) = pays B prices d r t.
Proof.
  intros out. destruct (row_spec (Z.to_nat (output_len r)) t) as (_ & _ & last).
  unfold token_pays, pays. f_equal.
  - assert (same : end_of (arrival r) (in_a_row (Z.to_nat (output_len r)) t) = t + output_len r).
    { destruct (Z.to_nat (output_len r)) as [|n] eqn:some; [lia|]. cbn [in_a_row end_of] in *.
      lia. }
    now rewrite same.
  - replace (- t) with (0 - t) by lia. rewrite token_rent_sum, (rent_sum B).
    apply sum_ext. intros p _. rewrite occupies_in_a_row, Z2Nat.id by lia. unfold occ_of.
    replace (prompt_len r + (fst p - t) + 1) with (prompt_len r + 1 + (fst p - t)) by lia.
    destruct (Z.leb_spec t (fst p)), (Z.ltb_spec (fst p) (t + output_len r)),
      (Z.leb_spec 0 (fst p - t)), (Z.ltb_spec (fst p - t) (output_len r)); cbn [andb]; lia.
Qed.

(* T21 (d): where tokens are kept, the bound is at most that of T10. *)
Lemma bound_kept_le requests prices d : Forall (sane M B) requests -> 0 <= d ->
  bound_kept M B prices d requests <= bound (usable M B) B prices d requests.
Proof.
  intros all_good some. unfold bound_kept, bound.
  enough (sum (cheapest_rounds B prices d) requests <= sum (cheapest B prices d) requests) by lia.
  apply sum_le. intros r here. rewrite Forall_forall in all_good.
  destruct (all_good r here) as [_ out _ _ came _].
  destruct (cheapest_attained B prices d r) as (t & range & ->).
  rewrite <- pays_in_a_row by lia.
  destruct (row_spec (Z.to_nat (output_len r)) t) as (up & len & _).
  apply cheapest_rounds_is_least; try lia. split; [|lia].
  destruct (in_a_row _ t) as [|u later]; [exact I|]. cbn [rising] in *. split; [lia|apply up].
Qed.

(* What requests occupy together is a whole number of blocks, so at most M'. *)
Lemma tokens_fit v t : sum (fun p => occupies B (fst p) 1 (snd p) t) v <= M ->
  sum (fun p => occupies B (fst p) 1 (snd p) t) v <= usable M B.
Proof.
  assert (one : forall r rounds a, exists q, occupies B r a rounds t = B * q).
  { intros r rounds. induction rounds as [|u later IH]; intros a; cbn [occupies]; [exists 0; lia|].
    destruct (IH (a + 1)) as [q ->]. destruct (t =? u); [|now exists q]. unfold occ. eexists.
    rewrite <- Z.mul_add_distr_l. reflexivity. }
  assert (whole : exists q, sum (fun p => occupies B (fst p) 1 (snd p) t) v = B * q).
  { induction v as [|p v [q IH]]; [exists 0; cbn; lia|]. cbn [sum]. rewrite IH.
    destruct (one (fst p) (snd p) 1) as [q' ->]. exists (q' + q). lia. }
  destruct whole as [q ->]. intros fit. unfold usable. apply Z.mul_le_mono_nonneg_l; [lia|].
  apply Z.div_le_lower_bound; lia.
Qed.

(* T21: the bound is at most the cost of every schedule of tokens. *)
Theorem token_certificate requests prices d v : Forall (sane M B) requests -> 1 <= d ->
  Forall (fun c => 0 <= c) prices -> valid_tokens M B requests v ->
  bound_kept M B prices d requests <= d * token_cost v.
Proof.
  intros all_good some nonneg V. unfold bound_kept.
  assert (each : sum (cheapest_rounds B prices d) requests
    <= sum (fun p => token_pays B prices d (fst p) (snd p)) v).
  { rewrite <- (sum_perm _ _ _ (tokens_once _ _ _ _ V)), sum_map. apply sum_le. intros p here.
    assert (is_sane : sane M B (fst p)).
    { rewrite Forall_forall in all_good. apply all_good.
      eapply Permutation_in; [exact (tokens_once _ _ _ _ V)|]. now apply in_map. }
    destruct is_sane as [_ out _ _ came _].
    apply cheapest_rounds_is_least; [lia|exact came|lia|]. exact (tokens_rounds _ _ _ _ V p here). }
  assert (all : sum (fun p => token_pays B prices d (fst p) (snd p)) v = d * token_cost v +
    sum (fun c => snd c * sum (fun p => occupies B (fst p) 1 (snd p) (fst c)) v) (dated 0 prices)).
  { unfold token_pays, token_cost. rewrite sum_plus, sum_scale. f_equal.
    rewrite (sum_ext _ (fun p => sum (fun c => snd c * occupies B (fst p) 1 (snd p) (fst c))
      (dated 0 prices))) by (intros p _; apply token_rent_sum).
    rewrite sum_exchange. apply sum_ext. intros c _. apply sum_scale. }
  enough (sum (fun c => snd c * sum (fun p => occupies B (fst p) 1 (snd p) (fst c)) v)
    (dated 0 prices) <= usable M B * sum (fun c => c) prices) by lia.
  rewrite <- (dated_sum 0), <- sum_scale. apply sum_le. intros c here.
  apply in_dated in here as [here _]. rewrite Forall_forall in nonneg. specialize (nonneg _ here).
  pose proof (tokens_fit v (fst c) (tokens_capacity _ _ _ _ V (fst c))). nia.
Qed.
End Bound.
