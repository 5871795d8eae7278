(* T13 (d): how mu grows with 1 / alpha, with sums 1 / a + 1 / (a + 1) + ... in place of
   logarithms. *)
From Coq Require Import ZArith QArith Lqa List Lia Permutation Bool Setoid.
From AminRef Require Import Records Model Ratio Family FamilyFits Layers AmaxRatio.
From AminRef.facts Require Import Sums Lists Fractions.
Import ListNotations.
Open Scope Z_scope.

(* 1 / a + 1 / (a + 1) + ... + 1 / (b - 1), which is at least ln (b / a) and at most
   ln ((b - 1) / (a - 1)). *)
Definition harmonic (a b : Z) : Q := q_sum (fun y => / inject_Z y)%Q (numbers a (b - a)).

(* (s + u) * m * alpha. *)
Definition scaled (s low u : Z) (m : Q) : Q :=
  (inject_Z (s + u) * (inject_Z low / inject_Z u) * m)%Q.

(* Numbers, each d more. *)
Lemma numbers_shift a d n : numbers (a + d) n = map (fun x => x + d) (numbers a n).
Proof. unfold numbers. rewrite map_map. apply map_ext. intros i. lia. Qed.

(* A harmonic sum in two parts. *)
Lemma harmonic_split a b c : a <= b <= c -> (harmonic a c == harmonic a b + harmonic b c)%Q.
Proof.
  intros order. unfold harmonic. replace (c - a) with ((b - a) + (c - b)) by lia.
  rewrite numbers_app by lia. replace (a + (b - a)) with b by lia. apply q_sum_app.
Qed.

(* A harmonic sum lies between its number of terms times the least and times the greatest. *)
Lemma harmonic_between a b : 1 <= a <= b ->
  (inject_Z (b - a) * / inject_Z b <= harmonic a b <= inject_Z (b - a) * / inject_Z a)%Q.
Proof.
  intros order. pose proof (positive_integer a ltac:(lia)).
  pose proof (positive_integer b ltac:(lia)).
  assert (each : forall c, (q_sum (fun _ => c) (numbers a (b - a)) == inject_Z (b - a) * c)%Q).
  { intros c. rewrite q_sum_const. unfold numbers. rewrite map_length, seq_length, Z2Nat.id by lia.
    reflexivity. }
  rewrite <- !each. split; apply q_sum_le; intros y here; apply in_numbers in here;
    pose proof (positive_integer y ltac:(lia)); apply inverses_le; try lra;
    apply (proj1 (integers_le _ _)); lia.
Qed.

(* A harmonic sum over j doublings, from above. *)
Lemma harmonic_at_most j a b : 1 <= a -> b <= a * 2 ^ Z.of_nat j ->
  (harmonic (a + 1) (b + 1) <= inject_Z (Z.of_nat j))%Q.
Proof.
  revert a. induction j as [|j IH]; intros a some less.
  - change (2 ^ Z.of_nat 0) with 1 in less. unfold harmonic, numbers.
    replace (Z.to_nat (b + 1 - (a + 1))) with 0%nat by lia. apply Qle_refl.
  - rewrite Nat2Z.inj_succ in *. rewrite Z.pow_succ_r in less by lia.
    specialize (IH (2 * a) ltac:(lia) ltac:(lia)). unfold Z.succ. rewrite inject_Z_plus.
    change (inject_Z 1) with 1%Q. destruct (Z.le_gt_cases b a) as [none|more].
    + unfold harmonic, numbers. replace (Z.to_nat (b + 1 - (a + 1))) with 0%nat by lia. cbn.
      assert (0 <= inject_Z (Z.of_nat j))%Q by (apply (proj1 (integers_le 0 _)); lia). lra.
    + rewrite (harmonic_split (a + 1) (Z.min b (2 * a) + 1) (b + 1)) by lia.
      destruct (harmonic_between (a + 1) (Z.min b (2 * a) + 1) ltac:(lia)) as [_ first].
      assert (one : (inject_Z (Z.min b (2 * a) + 1 - (a + 1)) * / inject_Z (a + 1) <= 1)%Q).
      { pose proof (positive_integer (a + 1) ltac:(lia)). apply Qle_shift_div_r; [lra|].
        rewrite Qmult_1_l. apply (proj1 (integers_le _ _)). lia. }
      enough (harmonic (Z.min b (2 * a) + 1) (b + 1) <= inject_Z (Z.of_nat j))%Q by lra.
      destruct (Z.le_ge_cases b (2 * a)).
      * rewrite Z.min_l by lia. unfold harmonic, numbers. rewrite Z.sub_diag. cbn.
        apply (proj1 (integers_le 0 _)). lia.
      * now rewrite Z.min_r by lia.
Qed.

(* A harmonic sum over j doublings, from below. *)
Lemma harmonic_at_least j a b : 1 <= a -> a * 2 ^ Z.of_nat j <= b ->
  (inject_Z (Z.of_nat j) <= 2 * harmonic a b)%Q.
Proof.
  revert a. induction j as [|j IH]; intros a some less.
  - enough (0 <= harmonic a b)%Q by (change (inject_Z (Z.of_nat 0)) with 0%Q; lra).
    apply q_sum_nonneg. intros y here.
    apply in_numbers in here. pose proof (positive_integer y ltac:(lia)).
    apply Qinv_le_0_compat. lra.
  - rewrite Nat2Z.inj_succ in *. rewrite Z.pow_succ_r in less by lia.
    specialize (IH (2 * a) ltac:(lia) ltac:(lia)). unfold Z.succ. rewrite inject_Z_plus.
    change (inject_Z 1) with 1%Q. pose proof (Z.pow_pos_nonneg 2 (Z.of_nat j)) as power.
    rewrite (harmonic_split a (2 * a) b) by nia.
    destruct (harmonic_between a (2 * a) ltac:(lia)) as [first _].
    pose proof (positive_integer a some).
    assert (half : (inject_Z (2 * a - a) * / inject_Z (2 * a) == 1 # 2)%Q).
    { replace (2 * a - a) with a by lia. rewrite inject_Z_mult. change (inject_Z 2) with 2%Q.
      field. lra. }
    rewrite half in first. lra.
Qed.

(* The last step of the bound from above, in numbers alone. *)
Lemma root_of_squares (z v C m L H Lambda : Q) : (0 < v -> 0 < C -> 0 <= m * v * L ->
  0 < (z - 2) * v -> (z - 2) * v <= C * (m * v - L) -> m * m * v <= m * L + H ->
  L * L <= m * v * L -> C * C * H <= 2 * v * Lambda -> (z - 2) * (z - 2) <= 2 * Lambda)%Q.
Proof.
  intros some_v some_C product some_z low_v quadratic gap compare.
  assert (rest : ((m * v - L) * (m * v - L) <= v * H)%Q).
  { assert (v * (m * m * v) <= v * (m * L + H))%Q
      by (rewrite (Qmult_comm v), (Qmult_comm v (m * L + H)); apply Qmult_le_compat_r; lra). nra. }
  assert (whole : ((z - 2) * v * ((z - 2) * v) <= 2 * Lambda * (v * v))%Q).
  { apply (Qle_trans _ (C * (m * v - L) * (C * (m * v - L)))); [nra|].
    apply (Qle_trans _ (C * C * (v * H))); nra. }
  apply (Qmult_le_r _ _ (v * v)); [nra|]. lra.
Qed.

Section Growth.
Variables s low u : Z.
Hypothesis prompt : 1 <= s.
Hypothesis bounds : 1 <= low <= u.
Let S := inject_Z s. Let L := inject_Z low. Let U := inject_Z u.
Let v := inject_Z (vol s low).
Let layers_of := numbers low (u - low).

(* What is known of these numbers. *)
Lemma known_numbers : (1 <= S /\ 1 <= L /\ L <= U /\ 2 * v == L * (2 * S + L + 1))%Q.
Proof.
  split; [apply positive_integer; lia|]. split; [apply positive_integer; lia|].
  split; [exact (proj1 (integers_le low u) (proj2 bounds))|].
  pose proof (f_equal inject_Z (vol_twice s low)) as twice.
  assert (same : (inject_Z (2 * vol s low) == inject_Z (low * (2 * s + low + 1)))%Q)
    by now rewrite twice.
  rewrite !inject_Z_mult, !inject_Z_plus, inject_Z_mult in same. exact same.
Qed.

(* Each layer's part is at most 1 / (m * (s + x + 1)). *)
Lemma left_side_below m : (0 < m)%Q -> (m * left_side s low u m <=
  m * L + q_sum (fun x => / inject_Z (s + x + 1)) layers_of)%Q.
Proof.
  intros some. unfold left_side.
  enough (m * q_sum (layer s m) layers_of <= q_sum (fun x => / inject_Z (s + x + 1)) layers_of)%Q
    by (fold layers_of L; lra).
  rewrite <- q_sum_scale. apply q_sum_le. intros x here. apply in_numbers in here. unfold layer.
  pose proof (positive_integer (s + x + 1) ltac:(lia)). set (t := inject_Z (s + x + 1)) in *.
  rewrite <- (Qmult_1_l (/ t)). apply fractions_le; nra.
Qed.

(* The same sum, compared with the harmonic one. *)
Lemma layers_harmonic : let C := (inject_Z (s + u) * (L / U))%Q in
  (C * C * q_sum (fun x => / inject_Z (s + x + 1)) layers_of
   <= 2 * v * harmonic (low + 1) (u + 1))%Q.
Proof.
  intros C. destruct known_numbers as (some_s & some_l & less & twice). unfold harmonic.
  replace (u + 1 - (low + 1)) with (u - low) by lia. rewrite numbers_shift, q_sum_map.
  rewrite <- !q_sum_scale. apply q_sum_le. intros x here. apply in_numbers in here.
  pose proof (positive_integer (s + x + 1) ltac:(lia)) as some_t.
  pose proof (positive_integer (x + 1) ltac:(lia)) as some_y.
  apply fractions_le; [lra|lra|]. rewrite twice.
  assert (in_Z : (s + u) * (s + u) * low * (x + 1) <= u * u * (2 * s + low) * (s + x + 1)).
  { clear - prompt bounds here. set (y := x + 1) in *. assert (y * low <= u * u) by nia.
    assert (0 <= s * s * (u * u - y * low)) by (apply Z.mul_nonneg_nonneg; nia).
    assert (0 <= s * y * (u * (u - low))) by (apply Z.mul_nonneg_nonneg; nia).
    assert (0 <= s * s * (u * u)) by nia. assert (0 <= s * low * (u * u)) by nia.
    replace (s + x + 1) with (s + y) by (unfold y; lia). nia. }
  apply integers_le in in_Z. rewrite !inject_Z_mult in in_Z.
  set (y := inject_Z (x + 1)) in *. set (t := inject_Z (s + x + 1)) in *.
  set (both := inject_Z (s + u)) in *. fold U L in in_Z.
  rewrite inject_Z_plus, inject_Z_mult in in_Z. fold S L in in_Z. change (inject_Z 2) with 2%Q in *.
  assert (same : (C * C * y == (both * both * L * y) * (L / (U * U)))%Q) by (unfold C; field; lra).
  assert (same' : (L * (2 * S + L + 1) * t == (U * U * (2 * S + L + 1) * t) * (L / (U * U)))%Q)
    by (field; lra).
  rewrite same, same'. apply Qmult_le_compat_r; [nra|].
  apply Qle_shift_div_l; nra.
Qed.

(* T13 (d), from above: if m is mu or less, then (s + u) * m * alpha is at most 2 and a root. *)
Theorem root_at_most m : (0 < m)%Q -> (right_side s low m <= left_side s low u m)%Q ->
  let z := scaled s low u m in
  (z <= 2 \/ (z - 2) * (z - 2) <= 2 * harmonic (low + 1) (u + 1))%Q.
Proof.
  intros some root z. destruct (Qlt_le_dec 2 z) as [more|less]; [right|now left].
  destruct known_numbers as (some_s & some_l & less & twice).
  pose proof (left_side_below m some) as below. pose proof layers_harmonic as compare.
  unfold right_side in root. fold v in root. cbn zeta in compare.
  set (C := (inject_Z (s + u) * (L / U))%Q) in *. set (H := q_sum _ layers_of) in *.
  set (Lambda := harmonic _ _) in *.
  assert (is_z : (z == C * m)%Q) by (unfold z, scaled, C; reflexivity).
  assert (some_v : (0 < v)%Q) by nra.
  assert (quadratic : (m * m * v <= m * L + H)%Q) by nra.
  assert (in_Z : (s + u) * low <= u * (2 * s + low + 1)) by nia.
  assert (first : (C * L <= 2 * v)%Q).
  { apply integers_le in in_Z. rewrite !inject_Z_mult, !inject_Z_plus, inject_Z_mult in in_Z.
    fold S L U in in_Z. change (inject_Z 2) with 2%Q in in_Z. change (inject_Z 1) with 1%Q in in_Z.
    rewrite twice. unfold C. rewrite inject_Z_plus. fold S U.
    assert (same : ((S + U) * (L / U) * L == ((S + U) * L) * (L / U))%Q) by (field; lra).
    assert (same' : (L * (2 * S + L + 1) == U * (2 * S + L + 1) * (L / U))%Q) by (field; lra).
    rewrite same, same'. apply Qmult_le_compat_r; [exact in_Z|]. apply Qle_shift_div_l; lra. }
  clearbody C H Lambda v z L. clear root below in_Z.
  assert (some_C : (0 < C)%Q) by (destruct (Qlt_le_dec 0 C); [assumption|nra]).
  assert (low_v : ((z - 2) * v <= C * (m * v - L))%Q).
  { assert (same : (C * (m * v - L) == z * v - C * L)%Q) by (rewrite is_z; ring). lra. }
  assert (some_z : (0 < (z - 2) * v)%Q) by (apply Qmult_lt_0_compat; lra).
  assert (gap : (L <= m * v)%Q) by (destruct (Qlt_le_dec (m * v) L); [nra|assumption]).
  apply (root_of_squares z v C m L H Lambda); try assumption; nra.
Qed.
(* The volume of low tokens is at most low * (s + low + 1), and twice low^2 for short prompts. *)
Lemma volume_at_most : (v <= L * (S + L + 1) /\ (S <= L -> v <= 2 * (L * L)))%Q.
Proof.
  destruct known_numbers as (some_s & some_l & less & twice). split; [nra|intros short; nra].
Qed.

(* For short prompts and m >= 1 / (s + low + 1), the layers' parts add up to much. *)
Lemma left_side_above m : s <= low -> (1 <= m * (S + L + 1))%Q ->
  (harmonic (6 * low) (u + 5 * low) <= m * left_side s low u m)%Q.
Proof.
  intros short large. destruct known_numbers as (some_s & some_l & less & _).
  assert (some : (0 < m)%Q).
  { destruct (Qlt_le_dec 0 m); [assumption|]. assert (m * (S + L + 1) <= 0)%Q by nra. lra. }
  unfold left_side, harmonic. fold layers_of L.
  replace (u + 5 * low - 6 * low) with (u - low) by lia.
  replace (6 * low) with (low + 5 * low) by lia. rewrite numbers_shift, q_sum_map.
  enough (q_sum (fun x => / inject_Z (x + 5 * low)) layers_of <= m * q_sum (layer s m) layers_of)%Q
    by (fold layers_of; nra).
  rewrite <- q_sum_scale. apply q_sum_le. intros x here. apply in_numbers in here. unfold layer.
  pose proof (positive_integer (s + x + 1) ltac:(lia)) as some_t.
  pose proof (positive_integer (x + 5 * low) ltac:(lia)).
  assert (in_Z : s + low + 1 + (s + x + 1) <= x + 5 * low) by lia.
  apply integers_le in in_Z. rewrite inject_Z_plus, (inject_Z_plus (s + low)) in in_Z.
  rewrite (inject_Z_plus s low) in in_Z. fold S L in in_Z. change (inject_Z 1) with 1%Q in in_Z.
  set (t := inject_Z (s + x + 1)) in *. set (y := inject_Z (x + 5 * low)) in *.
  rewrite <- (Qmult_1_l (/ y)). apply fractions_le; nra.
Qed.

(* T13 (d), from below: for short prompts m is mu or less if twice the square of
   (s + u) * m * alpha is at most the harmonic sum. *)
Theorem root_at_least m : s <= low -> (0 < m)%Q -> let z := scaled s low u m in
  (2 * (z * z) <= harmonic (6 * low) (u + 5 * low))%Q ->
  (right_side s low m <= left_side s low u m)%Q.
Proof.
  intros short some z enough. destruct known_numbers as (some_s & some_l & less & _).
  destruct volume_at_most as [most most'].
  specialize (most' (proj1 (integers_le s low) short)). unfold right_side. fold v.
  assert (above_low : (L <= left_side s low u m)%Q).
  { unfold left_side. fold L. enough (0 <= q_sum (layer s m) (numbers low (u - low)))%Q by lra.
    apply q_sum_nonneg. intros x here. apply in_numbers in here.
    pose proof (positive_integer (s + x + 1) ltac:(lia)).
    apply Qinv_le_0_compat. nra. }
  destruct (Qlt_le_dec (m * (S + L + 1)) 1) as [small|large]; [nra|].
  pose proof (left_side_above m short large) as sum_above.
  assert (share : (m * L <= z)%Q).
  { unfold z, scaled. rewrite inject_Z_plus. fold S L U.
    assert (same : ((S + U) * (L / U) * m == m * L * (S + U) / U)%Q) by (field; lra).
    rewrite same. apply Qle_shift_div_l; [lra|]. assert (0 <= m * L)%Q by nra. nra. }
  assert (squares : (m * L * (m * L) <= z * z)%Q).
  { assert (0 <= m * L)%Q by nra. clearbody z. set (a := (m * L)%Q) in *. nra. }
  assert (0 <= m * m * (2 * (L * L) - v))%Q by (apply Qmult_le_0_compat; nra).
  assert (whole : (m * (m * v) <= m * left_side s low u m)%Q) by lra.
  apply Qmult_le_l in whole; [exact whole|exact some].
Qed.

(* T13 (d) and (b): what Amax costs in terms of alpha. *)
Theorem amax_growth M requests z fuel made best : s + u <= M -> sane_instance M 1 requests ->
  Forall (of_uniform s low u) requests ->
  (2 < z)%Q -> (2 * harmonic (low + 1) (u + 1) < (z - 2) * (z - 2))%Q ->
  simulate (amax M 1) fuel requests = Some made -> valid M 1 requests best ->
  (inject_Z (total_latency made) <= (1 + 2 * z * (U / L)) * inject_Z (total_latency best))%Q.
Proof.
  intros room instance uniform some large run V.
  destruct known_numbers as (some_s & some_l & less & _).
  set (both := inject_Z (s + u)).
  assert (some_both : (1 <= both)%Q) by (apply positive_integer; lia).
  set (m := (z * U / (both * L))%Q).
  assert (some_m : (0 < m)%Q).
  { unfold m. apply Qlt_shift_div_l; [nra|]. nra. }
  assert (is_z : (scaled s low u m == z)%Q).
  { unfold scaled, m. fold both L U. field. lra. }
  assert (root : (left_side s low u m <= right_side s low m)%Q).
  { destruct (Qlt_le_dec (right_side s low m) (left_side s low u m)) as [below|]; [|assumption].
    destruct (root_at_most m some_m ltac:(lra)) as [no|no]; rewrite is_z in no; lra. }
  pose proof (amax_ratio M s low u prompt bounds room requests instance uniform m fuel made best
    some_m root run V) as ratio.
  destruct (at_once_fit M s low u prompt bounds room) as (one & _ & size).
  set (k := M / (s + u)) in *. eapply Qle_trans; [exact ratio|].
  apply Qmult_le_compat_r.
  - pose proof (positive_integer k one) as some_k.
    assert (in_Z : M <= 2 * (k * (s + u))) by nia. apply integers_le in in_Z.
    rewrite !inject_Z_mult in in_Z. fold both in in_Z. change (inject_Z 2) with 2%Q in in_Z.
    assert (share : (inject_Z M / inject_Z k <= 2 * both)%Q)
      by (apply Qle_shift_div_r; [lra|]; set (K := inject_Z k) in *; lra).
    assert (same : (2 * z * (U / L) == 2 * both * m)%Q) by (unfold m; field; lra).
    rewrite same. pose proof (Qmult_le_compat_r _ _ m share ltac:(lra)). lra.
  - rewrite <- (integers_le 0).
    apply (Z.le_trans _ (sum output_len requests)).
    + apply sum_nonneg. intros r here.
      pose proof (outputs_between M s low u requests instance uniform r here). lia.
    + apply (cost_of_outputs M 1 requests instance best); [|exact V].
      exact (uniform_at_once s low u requests uniform).
Qed.
End Growth.

(* T13 (d): the bounds on mu, and on the sums in them. *)
Theorem root_grows s l u : 1 <= s -> 1 <= l <= u ->
  let Lambda := harmonic (l + 1) (u + 1) in let Lambda' := harmonic (6 * l) (u + 5 * l) in
  (forall m, (0 < m)%Q -> (right_side s l m <= left_side s l u m)%Q ->
    let z := scaled s l u m in (z <= 2 \/ (z - 2) * (z - 2) <= 2 * Lambda)%Q) /\
  (forall m, s <= l -> (0 < m)%Q -> let z := scaled s l u m in (2 * (z * z) <= Lambda')%Q ->
    (right_side s l m <= left_side s l u m)%Q) /\
  (forall j, (u <= l * 2 ^ Z.of_nat j -> (Lambda <= inject_Z (Z.of_nat j))%Q) /\
    (6 * l * 2 ^ Z.of_nat j <= u + 5 * l -> (inject_Z (Z.of_nat j) <= 2 * Lambda')%Q)).
Proof.
  intros prompt bounds Lambda Lambda'. repeat split.
  - exact (root_at_most s l u prompt bounds).
  - exact (root_at_least s l u prompt bounds).
  - apply harmonic_at_most; lia.
  - apply harmonic_at_least; lia.
Qed.
