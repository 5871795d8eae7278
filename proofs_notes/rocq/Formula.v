(* Certificates with stretches and shares: the bound that they certify, round by round, and that
   it is at most the cost of every valid schedule (Lemmas C1 and C2, Theorem C3). *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Certificate Starts.
From AminRef.facts Require Import Sums Lists Blocks.
Import ListNotations.
Open Scope Z_scope.

(* A share (m, d, x, c) with a price for each round of its stretch: m requests can count d tokens
   each; x tokens of each are ignored; a request counts from c rounds before its start on. *)
Record share := Share {
  places : Z; most : Z; ignored : Z; lead : Z; share_prices : list Z }.

(* An interval of rounds with the price of a token in each, and shares. *)
Record stretch := Stretch { first_round : Z; token_prices : list Z; shares : list share }.

(* A restriction and its prices: in each round all requests together count at most the limit.
   A request counts its weight in its k-th round; k <= 0 is before its start. *)
Record restriction := Restriction {
  prices_of : list Z; limit : Z; weight : request -> Z -> Z }.

(* The number of priced rounds, and the round after the last one. *)
Definition rounds_of (st : stretch) : Z := Z.of_nat (length (token_prices st)).
Definition stop_of (st : stretch) : Z := first_round st + rounds_of st.

(* The rounds before its start in which a request counts: at most as many as are priced. *)
Definition ahead (st : stretch) (f : share) : Z := Z.min (lead f) (rounds_of st).

(* The longest time by which a request that starts after the stretch may count in it. *)
Definition overtime (st : stretch) : Z :=
  fold_right (fun f longest => Z.max (ahead st f) longest) 0 (shares st).

(* Does the request arrive in the stretch? *)
Definition inside (st : stretch) (r : request) : bool :=
  (first_round st <=? arrival r) && (arrival r <? stop_of st).

(* The payment for l, the prices from the k-th round on. *)
Fixpoint priced (w : Z -> Z) (l : list Z) (k : Z) : Z :=
  match l with [] => 0 | c :: later => c * w k + priced w later (k + 1) end.

Section Formula.
Variables M B : Z.

(* What a share counts of r in its k-th round, from `early` rounds before the start on. *)
Definition counted (early : Z) (f : share) (r : request) (k : Z) : Z :=
  if (- early <? k) && (lead f <=? output_len r - k) then
    Z.max 0 (Z.min (most f) (Z.min (prompt_len r + k - ignored f)
      (places f * most f - Z.max 0 (usable M B - occ B (prompt_len r + output_len r)
        - places f * (output_len r - k + ignored f)))))
  else 0.

(* What a stretch restricts: tokens, and what each share counts. *)
Definition restrictions (st : stretch) : list restriction :=
  Restriction (token_prices st) (usable M B) (fun r k => occ_of B r (k - 1)) ::
  map (fun f => Restriction (share_prices f) (places f * most f) (counted (ahead st f) f))
    (shares st).

(* The bracket of Lemma C2: what r pays if it starts in round t. Prices are over d. *)
Definition bracket (d : Z) (st : stretch) (r : request) (t : Z) : Z :=
  d * (t + output_len r - arrival r)
  + sum (fun R => priced (weight R r) (prices_of R) (first_round st - t + 1)) (restrictions st).

(* Its minimum. *)
Definition cheapest_in (d : Z) (st : stretch) (r : request) : Z :=
  least (bracket d st r) (arrival r) (Z.to_nat (stop_of st + overtime st - arrival r)).

(* What the limits cost. *)
Definition limits_cost (st : stretch) : Z :=
  sum (fun R => limit R * sum (fun c => c) (prices_of R)) (restrictions st).

(* d times L of Lemma C2, for the requests that arrive in the stretch. *)
Definition stretch_bound (d : Z) (requests : list request) (st : stretch) : Z :=
  sum (cheapest_in d st) (filter (inside st) requests) - limits_cost st.

(* Does the request arrive in no stretch? *)
Definition outside (sts : list stretch) (r : request) : bool :=
  negb (existsb (fun st => inside st r) sts).

(* d times the bound of Theorem C3. *)
Definition certified (d : Z) (sts : list stretch) (requests : list request) : Z :=
  d * sum output_len (filter (outside sts) requests) + sum (stretch_bound d requests) sts.
End Formula.

(* Are the stretches in order of time, from a round on, without a round in common? *)
Fixpoint in_turn (from : Z) (sts : list stretch) : bool :=
  match sts with
  | [] => true
  | st :: later => (from <=? first_round st) && in_turn (stop_of st) later
  end.

(* What `Share` checks, and that a share has a price for each of n rounds. *)
Definition share_ok (n : nat) (f : share) : bool :=
  (1 <=? places f) && (1 <=? most f) && (0 <=? ignored f) && (0 <=? lead f)
  && forallb (Z.leb 0) (share_prices f) && Nat.eqb (length (share_prices f)) n.

(* What `Stretch` checks. *)
Definition stretch_ok (st : stretch) : bool :=
  forallb (Z.leb 0) (token_prices st) &&
  forallb (share_ok (length (token_prices st))) (shares st).

(* What `Certificate` checks. *)
Definition well_formed (d : Z) (sts : list stretch) : bool :=
  (1 <=? d) && in_turn 0 sts && forallb stretch_ok sts.

(* A program's test of prices. *)
Lemma prices_nonneg l : forallb (Z.leb 0) l = true <-> Forall (fun c => 0 <= c) l.
Proof. rewrite forallb_forall, Forall_forall. now setoid_rewrite Z.leb_le. Qed.

(* What `share_ok` says. *)
Lemma share_ok_spec n f : share_ok n f = true <-> (1 <= places f /\ 1 <= most f /\ 0 <= ignored f /\
  0 <= lead f) /\ Forall (fun c => 0 <= c) (share_prices f) /\ length (share_prices f) = n.
Proof.
  unfold share_ok. rewrite !andb_true_iff, !Z.leb_le, prices_nonneg, Nat.eqb_eq. tauto.
Qed.

Section Shares.
Variables M B : Z.
Hypothesis some_block : 1 <= B.

(* What a share counts is not negative and at most d. *)
Lemma counted_range early f r k : 1 <= most f -> 0 <= counted M B early f r k <= most f.
Proof. intros some. unfold counted. destruct (_ && _); lia. Qed.

(* What it says of a request that it counts something of it. *)
Lemma counted_pos early f r k : 0 < counted M B early f r k ->
  - early < k /\ lead f <= output_len r - k /\
  counted M B early f r k <= prompt_len r + k - ignored f /\
  counted M B early f r k <= places f * most f - Z.max 0 (usable M B
    - occ B (prompt_len r + output_len r) - places f * (output_len r - k + ignored f)).
Proof.
  unfold counted. destruct (_ && _) eqn:inside; [|lia]. intros some.
  apply andb_prop in inside as [begun left]. apply Z.ltb_lt in begun. apply Z.leb_le in left. lia.
Qed.

(* x tokens occupy at least x. *)
Lemma occ_ge x : x <= occ B x.
Proof. now apply (occ_is B some_block x (occ B x)). Qed.

Section Round.
Variables (early : Z) (f : share) (t : Z).
Hypothesis parameters : 1 <= places f /\ 1 <= most f /\ 0 <= ignored f /\ 0 <= lead f.
Hypothesis not_earlier : early <= lead f.

(* What a placed request counts in round t, its age, and the rounds it has left. *)
Let w (p : placed) : Z := counted M B early f (fst p) (t - snd p + 1).
Let age (p : placed) : Z := t - snd p + 1.
Let left_of (p : placed) : Z := output_len (fst p) - age p.

(* In the last round of j, those that count and have no fewer rounds left all run. *)
Lemma last_round_of j others : (forall p, In p (j :: others) -> sane M B (fst p) /\ 0 < w p) ->
  (forall p, In p others -> left_of j <= left_of p) ->
  occ B (prompt_len (fst j) + output_len (fst j))
    + sum (fun p => prompt_len (fst p) + age p + left_of j) others
  <= load B (j :: others) (t + left_of j).
Proof.
  intros count later. unfold load. cbn [sum]. apply Z.add_le_mono.
  - destruct (count j) as [[_ some _ _ _ _] _]; [now left|]. unfold occ_of.
    replace (t + left_of j - snd j) with (output_len (fst j) - 1) by (unfold left_of, age; lia).
    replace ((0 <=? output_len (fst j) - 1) && (output_len (fst j) - 1 <? output_len (fst j)))
      with true by (symmetry; apply andb_true_intro; rewrite Z.leb_le, Z.ltb_lt; lia).
    apply Z.eq_le_incl. f_equal. lia.
  - apply sum_le. intros p here. specialize (later p here).
    destruct (count p) as [_ counts]; [now right|]. apply counted_pos in counts as (begun & _).
    destruct (count j) as [_ counts]; [now left|]. apply counted_pos in counts as (_ & left & _).
    fold (age p) in begun. fold (age j) in left. fold (left_of j) in left. unfold occ_of.
    replace (t + left_of j - snd p) with (age p + left_of j - 1) by (unfold age; lia).
    replace ((0 <=? age p + left_of j - 1) && (age p + left_of j - 1 <? output_len (fst p)))
      with true by (symmetry; apply andb_true_intro; rewrite Z.leb_le, Z.ltb_lt;
                    unfold left_of in *; lia).
    etransitivity; [|apply occ_ge]. lia.
Qed.

(* If more than m requests count, they count at most m * d: consider the one that completes first.
*)
Lemma more_than_places v : start_vector M B v -> (forall p, In p v -> 0 < w p) ->
  places f < Z.of_nat (length v) -> sum w v <= places f * most f.
Proof.
  intros vector counts many. destruct (least_of left_of v) as (j & others & order & first).
  { intros none. rewrite none in many. cbn in many. lia. }
  assert (here : forall p, In p (j :: others) -> In p v)
    by (intros p; apply Permutation_in; now symmetry).
  pose proof (last_round_of j others) as last.
  specialize (last ltac:(intros p there; split; [apply (placed_sane _ _ _ vector)|]; auto)
    ltac:(intros p there; apply first, here; now right)).
  unfold load in last. rewrite <- (sum_perm _ _ _ order) in last.
  pose proof (load_usable M B some_block v (t + left_of j) vector) as fit. unfold load in fit.
  rewrite (Permutation_length order) in many. cbn [length] in many.
  rewrite (sum_perm w _ _ order). cbn [sum].
  assert (each : sum w others <= sum (fun p => (prompt_len (fst p) + age p + left_of j)
    + - (left_of j + ignored f)) others).
  { apply sum_le. intros p there. pose proof (counts p (here p (or_intror there))) as some.
    apply counted_pos in some as (_ & _ & grown & _). unfold w, age in *. lia. }
  rewrite sum_plus, sum_const in each.
  assert (0 <= sum w others) by (apply sum_nonneg; intros p _; apply counted_range; tauto).
  pose proof (counts j (here j (or_introl eq_refl))) as some.
  apply counted_pos in some as (_ & left & _ & room). fold (age j) in *. fold (left_of j) in *.
  change (counted M B early f (fst j) (age j)) with (w j) in room.
  assert (places f * (left_of j + ignored f) <= (left_of j + ignored f) * Z.of_nat (length others))
    by (rewrite Z.mul_comm; apply Z.mul_le_mono_nonneg_l; lia).
  unfold placed in *. lia.
Qed.

(* Lemma C1: in every round all requests together count at most m * d. *)
Lemma shares_hold v : start_vector M B v -> sum w v <= places f * most f.
Proof.
  intros vector. rewrite (sum_positive w) by (intros p; apply counted_range; tauto).
  set (those := filter (fun p => 0 <? w p) v).
  destruct (Z.le_gt_cases (Z.of_nat (length those)) (places f)) as [few|many].
  - transitivity (most f * Z.of_nat (length those)); [|nia]. rewrite <- sum_const.
    apply sum_le. intros p _. apply counted_range. tauto.
  - apply more_than_places; [apply part_of_vector; assumption| |lia].
    intros p here. apply filter_In in here as [_ some]. now apply Z.ltb_lt.
Qed.
End Round.
End Shares.

(* A restriction that every start vector obeys, and of which no request counts late or early. *)
Record obeyed (M B : Z) (st : stretch) (R : restriction) : Prop := Obeyed {
  within_limit : forall v t, start_vector M B v ->
    sum (fun p => weight R (fst p) (t - snd p + 1)) v <= limit R;
  weight_nonneg : forall r k, sane M B r -> 0 <= weight R r k;
  not_before : forall r k, k <= - overtime st -> weight R r k = 0;
  all_priced : length (prices_of R) = length (token_prices st);
  no_negative_price : Forall (fun c => 0 <= c) (prices_of R) }.

(* No share counts a request longer before its start than the overtime. *)
Lemma ahead_le st f : In f (shares st) -> ahead st f <= overtime st.
Proof.
  unfold overtime. induction (shares st) as [|g l IH]; cbn [In fold_right]; [easy|].
  intros [<-|here]; [lia|]. specialize (IH here). lia.
Qed.

(* The overtime is not negative. *)
Lemma overtime_nonneg st : 0 <= overtime st.
Proof. unfold overtime. induction (shares st); cbn [fold_right]; lia. Qed.

Section Sound.
Variables M B : Z.
Hypothesis some_block : 1 <= B.

(* The restrictions of a stretch that passes the checks are obeyed. *)
Lemma restrictions_obeyed st R : stretch_ok st = true -> In R (restrictions M B st) ->
  obeyed M B st R.
Proof.
  unfold stretch_ok. rewrite andb_true_iff, prices_nonneg, forallb_forall. intros [tokens all].
  pose proof (overtime_nonneg st). intros [<-|here].
  - constructor; cbn [prices_of limit weight]; auto.
    + intros v t vector. etransitivity; [|apply (load_usable M B some_block v t vector)].
      apply Z.eq_le_incl, sum_ext. intros p _. f_equal. lia.
    + intros r k is_sane. now apply (occ_of_nonneg M).
    + intros r k before. unfold occ_of. now replace (0 <=? k - 1) with false
        by (symmetry; apply Z.leb_gt; lia).
  - apply in_map_iff in here as (f & <- & here). specialize (all f here).
    apply share_ok_spec in all as (parameters & nonneg & same).
    pose proof (ahead_le st f here). constructor; cbn [prices_of limit weight]; auto.
    + intros v t vector. apply (shares_hold M B some_block); auto. unfold ahead. lia.
    + intros r k _. apply counted_range. tauto.
    + intros r k before. unfold counted. now replace (- ahead st f <? k) with false
        by (symmetry; apply Z.ltb_ge; lia).
Qed.

(* Payments are not negative. *)
Lemma priced_nonneg w l k : (forall i, 0 <= w i) -> Forall (fun c => 0 <= c) l ->
  0 <= priced w l k.
Proof.
  intros all nonneg. revert k. induction nonneg as [|c l some _ IH]; intros k; cbn; [lia|].
  specialize (all k). specialize (IH (k + 1)). nia.
Qed.

(* Where a request counts nothing it pays nothing. *)
Lemma priced_zero w l k : (forall i, k <= i < k + Z.of_nat (length l) -> w i = 0) ->
  priced w l k = 0.
Proof.
  revert k. induction l as [|c l IH]; cbn [priced length]; intros k none; [reflexivity|].
  rewrite none, IH by (intros; try apply none; lia). lia.
Qed.

(* The payment as a sum over dated prices. *)
Lemma priced_dated w l t0 t :
  priced w l (t0 - t + 1) = sum (fun p => snd p * w (fst p - t + 1)) (dated t0 l).
Proof.
  revert t0. induction l as [|c l IH]; intros t0; cbn [priced dated sum fst snd]; [reflexivity|].
  rewrite <- IH. do 2 f_equal. lia.
Qed.

(* The minimum over the rounds that are looked at is the minimum over all. *)
Lemma cheapest_in_le d st r t : 0 <= d -> sane M B r -> stretch_ok st = true ->
  inside st r = true -> arrival r <= t -> cheapest_in M B d st r <= bracket M B d st r t.
Proof.
  intros some is_sane ok arrives late. unfold cheapest_in. set (last := stop_of st + overtime st).
  apply andb_prop in arrives as [_ arrives]. apply Z.ltb_lt in arrives.
  pose proof (overtime_nonneg st) as over.
  destruct (Z.le_gt_cases t last) as [looked_at|after].
  - replace t with (arrival r + (t - arrival r)) by lia. apply least_le. lia.
  - transitivity (bracket M B d st r last).
    + replace last with (arrival r + (last - arrival r)) at 2 by lia. apply least_le. lia.
    + unfold bracket. apply Z.add_le_mono; [nia|]. apply sum_le. intros R here.
      destruct (restrictions_obeyed st R ok here) as [_ nonneg before same prices].
      rewrite priced_zero; [now apply priced_nonneg; auto|]. intros i range. apply before.
      rewrite same in range. unfold last, stop_of, rounds_of in *. lia.
Qed.

(* What the requests of a start vector pay together is at most what the limits cost. *)
Lemma payments_le st v : stretch_ok st = true -> start_vector M B v ->
  sum (fun p => sum (fun R => priced (weight R (fst p)) (prices_of R)
    (first_round st - snd p + 1)) (restrictions M B st)) v <= limits_cost M B st.
Proof.
  intros ok vector. rewrite sum_exchange. apply sum_le. intros R here.
  destruct (restrictions_obeyed st R ok here) as [fit _ _ _ prices].
  rewrite (sum_ext _ (fun p => sum (fun q => snd q * weight R (fst p) (fst q - snd p + 1))
    (dated (first_round st) (prices_of R)))) by (intros p _; apply priced_dated).
  rewrite sum_exchange, <- (dated_sum (first_round st)), <- sum_scale. apply sum_le. intros q there.
  apply in_dated in there as [there _]. rewrite Forall_forall in prices.
  specialize (prices _ there). specialize (fit v (fst q) vector). rewrite sum_scale. nia.
Qed.

(* Lemma C2: one stretch bounds the latency of the requests that arrive in it. *)
Lemma stretch_bound_le d st v : 0 <= d -> stretch_ok st = true -> start_vector M B v ->
  stretch_bound M B d (map fst v) st <= d * cost_of (filter (fun p => inside st (fst p)) v).
Proof.
  intros some ok vector. unfold stretch_bound. set (own := filter (fun p => inside st (fst p)) v).
  assert (own_requests : filter (inside st) (map fst v) = map fst own).
  { unfold own. clear. induction v as [|p v IH]; cbn; [reflexivity|].
    destruct (inside st (fst p)); cbn; now rewrite IH. }
  assert (own_vector : start_vector M B own) by now apply part_of_vector.
  rewrite own_requests, sum_map.
  assert (each : sum (fun p => cheapest_in M B d st (fst p)) own
    <= sum (fun p => bracket M B d st (fst p) (snd p)) own).
  { apply sum_le. intros p here. apply cheapest_in_le; auto.
    - apply (placed_sane _ _ _ own_vector p here).
    - now apply filter_In in here.
    - apply (placed_late _ _ _ own_vector p here). }
  pose proof (payments_le st own ok own_vector). unfold bracket in each.
  rewrite sum_plus, sum_scale in each. unfold cost_of. lia.
Qed.

(* A request arrives in at most one stretch, and in none before the first. *)
Lemma arrives_once from sts r : in_turn from sts = true ->
  sum (fun st => if inside st r then 1 else 0) sts = (if outside sts r then 0 else 1) /\
  (arrival r < from -> outside sts r = true).
Proof.
  revert from. induction sts as [|st sts IH]; intros from turn; [now cbn|].
  cbn [in_turn] in turn. apply andb_prop in turn as [first later]. apply Z.leb_le in first.
  destruct (IH _ later) as [once before]. unfold outside in *. cbn [sum existsb].
  assert (first_round st <= stop_of st) by (unfold stop_of, rounds_of; lia).
  destruct (inside st r) eqn:arrives; unfold inside in arrives.
  - apply andb_prop in arrives as [from_first to_stop]. apply Z.leb_le in from_first.
    apply Z.ltb_lt in to_stop. cbn [orb negb]. rewrite once, before by lia. lia.
  - cbn [orb]. split; [lia|]. intros early. apply before. lia.
Qed.

(* So the requests of all stretches, and those of none, are all requests. *)
Lemma all_stretches {C} (f : request * C -> Z) sts v : in_turn 0 sts = true ->
  sum f v = sum f (filter (fun p => outside sts (fst p)) v)
    + sum (fun st => sum f (filter (fun p => inside st (fst p)) v)) sts.
Proof.
  intros turn. rewrite sum_filter.
  rewrite (sum_ext (fun st => sum f (filter (fun p => inside st (fst p)) v)) (fun st =>
    sum (fun p => f p * (if inside st (fst p) then 1 else 0)) v)).
  - rewrite sum_exchange, <- sum_plus. apply sum_ext. intros p _. rewrite sum_scale.
    destruct (arrives_once 0 sts (fst p) turn) as [-> _]. destruct (outside sts (fst p)); lia.
  - intros st _. rewrite sum_filter. apply sum_ext. intros p _. destruct (inside st (fst p)); lia.
Qed.
(* Theorem C3 for start vectors. *)
Lemma certified_le_cost d sts v : well_formed d sts = true -> start_vector M B v ->
  certified M B d sts (map fst v) <= d * cost_of v.
Proof.
  unfold well_formed. rewrite !andb_true_iff, Z.leb_le, forallb_forall.
  intros [[some turn] ok] vector.
  unfold cost_of. rewrite (all_stretches _ sts v turn), Z.mul_add_distr_l, <- !sum_scale.
  unfold certified. apply Z.add_le_mono.
  - assert (free : filter (outside sts) (map fst v)
      = map fst (filter (fun p => outside sts (fst p)) v)).
    { clear. induction v as [|p v IH]; cbn; [reflexivity|].
      destruct (outside sts (fst p)); cbn; now rewrite IH. }
    rewrite free, sum_map, <- sum_scale. apply sum_le. intros p here.
    apply filter_In in here as [here _].
    pose proof (placed_late _ _ _ vector p here). nia.
  - apply sum_le. intros st here. apply stretch_bound_le; auto; lia.
Qed.
End Sound.
