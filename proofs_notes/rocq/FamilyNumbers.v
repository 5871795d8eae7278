(* Arithmetic alone: the inequality between the two costs of T15's family. *)
From Coq Require Import ZArith Lia.
Open Scope Z_scope.

(* A square is more than any linear function from some number on. *)
Lemma square_wins L F : 0 <= L -> 0 <= F -> let z := L + F + 1 in z * L + F < z * z.
Proof. intros some_L some_F. cbn zeta. nia. Qed.

Section Compare.
Variables c N u a b A R0 : Z.
Hypothesis some : 1 <= c /\ 1 <= N /\ 1 <= u /\ 1 <= a /\ 1 <= b /\ 0 <= A /\ 0 <= R0.
Hypothesis less : a * a * c < b * b * N.

(* The bound on the cost of the better schedule, for n requests of length 1 and R others. *)
Definition upper (n R : Z) : Z := c * (2 * N * n + n * n) + 2 * c * R * (n + N * (1 + u)) + N * (R
  * R).

(* The coefficients of the terms that are not quadratic. *)
Definition linear : Z := a * (c * (2 * N * c * a + 2 * (c * a) * A)
  + 2 * c * (c * b * A + R0 * (c * a) + c * b * (N * (1 + u))) + N * (2 * (c * b) * R0)).
Definition constant : Z := a * (c * (2 * N * A + A * A) + 2 * c * R0 * (A + N * (1 + u)) + N * (R0
  * R0)).

(* How long the family has to be. *)
Definition long_enough : Z := linear + constant + 1.

(* They are not negative. *)
Lemma coefficients : 0 <= linear /\ 0 <= constant /\ 0 <= long_enough.
Proof.
  destruct some as (? & ? & ? & ? & ? & ? & ?).
  assert (some_linear : 0 <= linear) by (unfold linear; repeat first
    [apply Z.add_nonneg_nonneg | apply Z.mul_nonneg_nonneg | lia]).
  assert (some_constant : 0 <= constant) by (unfold constant; repeat first
    [apply Z.add_nonneg_nonneg | apply Z.mul_nonneg_nonneg | lia]).
  unfold long_enough. lia.
Qed.

(* From the two costs, for K = c * q and m = c * a * z where q = b * z, to the ratio. *)
Lemma costs_compare n R amin best : let z := long_enough in let q := b * z in let m := c * a * z in
  0 <= n <= m + A -> 0 <= R <= c * q + R0 ->
  N * (c * (q * q) + 2 * (q * m)) + m * m <= 2 * N * amin ->
  2 * c * N * best <= upper n R -> a * best < b * amin.
Proof.
  intros z q m few_ones few_others costs better. destruct some as (? & ? & ? & ? & ? & ? & ?).
  destruct coefficients as (some_linear & some_constant & some_z). fold z in some_z.
  pose proof (square_wins linear constant some_linear some_constant) as wins. cbn zeta in wins.
  fold long_enough in wins. fold z in wins.
  assert (most : upper n R <= upper (m + A) (c * q + R0)).
  { unfold upper. assert (0 <= N * (1 + u)) by nia. repeat first
      [apply Z.add_le_mono | apply Z.mul_le_mono_nonneg | lia | nia]. }
  assert (split_up : a * upper (m + A) (c * q + R0)
    = c * c * a * (c * (a * a) + 2 * c * (a * b) + N * (b * b)) * (z * z) + z * linear + constant)
    by (unfold upper, linear, constant, m, q; ring).
  assert (leading : c * (b * (N * (c * (q * q) + 2 * (q * m)) + m * m))
    = c * c * a * (c * (a * a) + 2 * c * (a * b) + N * (b * b)) * (z * z)
      + c * c * (a + b) * (b * b * N - a * a * c) * (z * z)) by (unfold m, q; ring).
  assert (margin : z * z <= c * c * (a + b) * (b * b * N - a * a * c) * (z * z)).
  { rewrite <- (Z.mul_1_l (z * z)) at 1. apply Z.mul_le_mono_nonneg_r; [apply Z.square_nonneg|].
    assert (1 <= c * c) by nia. assert (1 <= c * c * (a + b)) by nia. nia. }
  assert (2 * c * N * (a * best) < 2 * c * N * (b * amin)) as scaled.
  { apply (Z.mul_le_mono_nonneg_l _ _ (c * b)) in costs; [|nia].
    apply (Z.mul_le_mono_nonneg_l _ _ a) in better; [|lia].
    apply (Z.mul_le_mono_nonneg_l _ _ a) in most; [|lia]. lia. }
  apply Z.mul_lt_mono_pos_l in scaled; [exact scaled|nia].
Qed.
End Compare.
