(* Sums over pairs of numbers, layer by layer, and how they compare: the middle of T13's proof.
   Nothing here is about schedules. *)
From Coq Require Import ZArith QArith Lqa List Lia Permutation Bool Setoid.
From AminRef Require Import Records Ratio FamilyStarts Family FamilyFits.
From AminRef.facts Require Import Sums Lists Fractions.
Import ListNotations.
Open Scope Z_scope.

(* A function from its differences: the terms below a add up to G a. *)
Lemma layers (G g : Z -> Z) u a : (forall x, 0 <= x -> G (x + 1) = G x + g x) -> G 0 = 0 ->
  0 <= a <= u -> sum (fun x => if x <? a then g x else 0) (numbers 0 u) = G a.
Proof.
  intros step none range. replace u with (a + (u - a)) by lia.
  rewrite numbers_app, sum_app by lia.
  rewrite (sum_zero _ (numbers (0 + a) _)).
  - rewrite Z.add_0_r. destruct range as [some _]. revert a some. apply natlike_ind.
    + now rewrite none.
    + intros a some IH. unfold Z.succ. rewrite numbers_more, sum_app, step by exact some.
      cbn [sum]. rewrite <- IH, Z.add_0_l. destruct (Z.ltb_spec a (a + 1)); [|lia].
      enough (sum (fun x => if x <? a + 1 then g x else 0) (numbers 0 a)
        = sum (fun x => if x <? a then g x else 0) (numbers 0 a)) by lia.
      apply sum_ext. intros x here. apply in_numbers in here.
      destruct (Z.ltb_spec x (a + 1)), (Z.ltb_spec x a); lia.
  - intros x here. apply in_numbers in here. destruct (Z.ltb_spec x a); lia.
Qed.

Section Layers.
Context {A : Type}.
Variable f : A -> Z.
Variables s low u : Z.
Variable l : list A.
Hypothesis range : forall i, In i l -> low <= f i <= u.
Hypothesis bounds : 0 <= low <= u.
Notation n := (Z.of_nat (length l)).

(* 1 if the value of i is above x. *)
Definition above (x : Z) (i : A) : Z := if x <? f i then 1 else 0.

(* How many values are above x. *)
Definition count (x : Z) : Z := sum (above x) l.

(* The greater value of a pair. *)
Definition greater (i j : A) : Z := Z.max (f i) (f j).

(* The volume of the smaller value of a pair. *)
Definition smaller_volume (i j : A) : Z := vol s (Z.min (f i) (f j)).

(* A sum over pairs of sums over numbers. *)
Lemma pairs_sum (h : Z -> A -> A -> Z) xs :
  pairs (fun i j => sum (fun x => h x i j) xs) l = sum (fun x => pairs (h x) l) xs.
Proof.
  unfold pairs. rewrite <- (sum_exchange (fun i x => sum (h x i) l) l xs). apply sum_ext.
  intros i _. exact (sum_exchange (fun j x => h x i j) l xs).
Qed.

(* The pairs of which both values are above x. *)
Lemma pairs_both_above x : pairs (fun i j => above x i * above x j) l = count x * count x.
Proof.
  unfold pairs. rewrite (sum_ext _ (fun i => count x * above x i))
    by (intros i _; rewrite sum_scale; unfold count; lia).
  now rewrite sum_scale.
Qed.

(* The pairs of which some value is above x. *)
Lemma pairs_some_above x :
  pairs (fun i j => above x i + above x j - above x i * above x j) l
  = 2 * n * count x - count x * count x.
Proof.
  assert (row : forall a (g : A -> Z) m, sum (fun j => a + g j - a * g j) m
    = a * Z.of_nat (length m) + sum g m - a * sum g m)
    by (intros a g m; induction m as [|j m IH]; cbn [sum length]; [|rewrite IH]; lia).
  assert (column : forall a c (g : A -> Z) m, sum (fun i => g i * a + c - g i * c) m
    = a * sum g m + c * Z.of_nat (length m) - c * sum g m)
    by (intros a c g m; induction m as [|j m IH]; cbn [sum length]; [|rewrite IH]; lia).
  unfold pairs. rewrite (sum_ext _ (fun i => above x i * n + count x - above x i * count x))
    by (intros i _; apply row).
  rewrite column. fold (count x). lia.
Qed.

(* Below all values, all are counted. *)
Lemma count_below x : x < low -> count x = n.
Proof.
  intros less. unfold count. rewrite (sum_ext _ (fun _ => 1)), sum_const; [lia|].
  intros i here. specialize (range i here). unfold above. destruct (Z.ltb_spec x (f i)); lia.
Qed.

(* The numbers up to u in two parts. *)
Lemma two_parts (h : Z -> Z) : sum h (numbers 0 u) = sum h (numbers 0 low) +
  sum h (numbers low (u - low)).
Proof.
  rewrite <- sum_app, <- (Z.add_0_l low) at 1. rewrite <- (Z.add_0_l low) at 3.
  rewrite <- numbers_app by lia. do 2 f_equal. lia.
Qed.

(* The greater values, layer by layer. *)
Lemma greater_in_layers : pairs greater l = low * (n * n) +
  sum (fun x => 2 * n * count x - count x * count x) (numbers low (u - low)).
Proof.
  set (h := fun x i j => above x i + above x j - above x i * above x j).
  transitivity (pairs (fun i j => sum (fun x => h x i j) (numbers 0 u)) l).
  - unfold pairs. apply sum_ext. intros i here. apply sum_ext. intros j there.
    pose proof (range i here). pose proof (range j there).
    rewrite (sum_ext _ (fun x => if x <? greater i j then 1 else 0)).
    + symmetry. apply (layers (fun x => x) (fun _ => 1)); unfold greater; lia.
    + intros x _. unfold h, above, greater.
      destruct (Z.ltb_spec x (f i)), (Z.ltb_spec x (f j)),
        (Z.ltb_spec x (Z.max (f i) (f j))); lia.
  - rewrite pairs_sum, two_parts, (sum_ext _ (fun _ => n * n) (numbers 0 low)).
    + rewrite sum_const. unfold numbers at 1. rewrite map_length, seq_length, Z2Nat.id by lia.
      rewrite (Z.mul_comm low). f_equal. apply sum_ext. intros x _. apply pairs_some_above.
    + intros x here. apply in_numbers in here. unfold h.
      rewrite pairs_some_above, count_below by lia. lia.
Qed.

(* The volumes of the smaller values, layer by layer. *)
Lemma smaller_in_layers : pairs smaller_volume l = vol s low * (n * n) +
  sum (fun x => (s + x + 1) * (count x * count x)) (numbers low (u - low)).
Proof.
  set (h := fun x i j => (s + x + 1) * (above x i * above x j)).
  assert (step : forall x, 0 <= x -> vol s (x + 1) = vol s x + (s + x + 1))
    by (intros x _; rewrite v_step; lia).
  assert (square : forall x, pairs (h x) l = (s + x + 1) * (count x * count x)).
  { intros x. rewrite <- pairs_both_above. unfold pairs, h. rewrite <- sum_scale.
    apply sum_ext. intros i _. now rewrite sum_scale. }
  transitivity (pairs (fun i j => sum (fun x => h x i j) (numbers 0 u)) l).
  - unfold pairs. apply sum_ext. intros i here. apply sum_ext. intros j there.
    pose proof (range i here). pose proof (range j there).
    rewrite (sum_ext _ (fun x => if x <? Z.min (f i) (f j) then s + x + 1 else 0)).
    + symmetry. apply (layers (vol s)); [exact step|reflexivity|lia].
    + intros x _. unfold h, above.
      destruct (Z.ltb_spec x (f i)), (Z.ltb_spec x (f j)),
        (Z.ltb_spec x (Z.min (f i) (f j))); lia.
  - rewrite pairs_sum, two_parts. f_equal; [|apply sum_ext; intros x _; apply square].
    rewrite <- (layers (vol s) (fun x => s + x + 1) low low step eq_refl ltac:(lia)).
    rewrite Z.mul_comm, <- sum_scale. apply sum_ext. intros x here. apply in_numbers in here.
    rewrite square, count_below by lia. destruct (Z.ltb_spec x low); lia.
Qed.
End Layers.

Section Root.
Variables s low u : Z.

(* What layer x adds to the left side of the equation of mu, with m in place of mu. *)
Definition layer (m : Q) (x : Z) : Q := (/ (1 + m * inject_Z (s + x + 1)))%Q.

(* The left side of the equation of mu, with m in place of mu. It falls with m. *)
Definition left_side (m : Q) : Q :=
  (inject_Z low + q_sum (layer m) (numbers low (u - low)))%Q.

(* The right side. It rises with m. *)
Definition right_side (m : Q) : Q := (m * inject_Z (vol s low))%Q.
End Root.

(* 2 a b - c b^2 is at most a^2 / c. *)
Lemma layer_bound (c a b : Q) : (0 < c)%Q -> (2 * a * b - c * (b * b) <= a * a * / c)%Q.
Proof.
  intros some. apply (Qle_shift_div_l _ _ c some).
  assert (square : forall d : Q, (0 <= d * d)%Q) by (intros d; nra).
  specialize (square (c * b - a)%Q). lra.
Qed.

(* The greater values of pairs are at most m times the volumes of the smaller ones, if m is a root
   or more. *)
Theorem pairs_compare {A} (f : A -> Z) s low u l m : 0 <= s -> 0 <= low <= u ->
  (forall i, In i l -> low <= f i <= u) -> (0 < m)%Q ->
  (left_side s low u m <= right_side s low m)%Q ->
  (inject_Z (pairs (greater f) l) <= m * inject_Z (pairs (smaller_volume f s) l))%Q.
Proof.
  intros prompt bounds range some root. unfold left_side, right_side in root.
  rewrite (greater_in_layers f low u l range bounds), (smaller_in_layers f s low u l range bounds).
  rewrite !inject_Z_plus, <- !q_sum_integers, !inject_Z_mult.
  set (n := inject_Z (Z.of_nat (length l))).
  assert (each : (q_sum (fun x => inject_Z (2 * Z.of_nat (length l) * count f l x
      - count f l x * count f l x)) (numbers low (u - low)) <=
    n * n * q_sum (layer s m) (numbers low (u - low)) +
    m * q_sum (fun x => inject_Z ((s + x + 1) * (count f l x * count f l x)))
      (numbers low (u - low)))%Q).
  { rewrite <- !q_sum_scale, <- q_sum_plus. apply q_sum_le. intros x here.
    apply in_numbers in here. rewrite inject_Z_minus, !inject_Z_mult.
    fold n. unfold layer. set (b := inject_Z (count f l x)). set (t := inject_Z (s + x + 1)).
    assert (0 <= t)%Q by (unfold t; rewrite <- (integers_le 0); lia).
    pose proof (layer_bound (1 + m * t) n b ltac:(nra)) as bound.
    change (inject_Z 2) with 2%Q. lra. }
  assert (0 <= n * n)%Q by (unfold n; rewrite <- inject_Z_mult, <- (integers_le 0); nia). nra.
Qed.
