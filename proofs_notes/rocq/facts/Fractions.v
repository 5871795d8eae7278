(* Finite sums of rational numbers. Nothing here is about scheduling. *)
From Coq Require Import ZArith QArith Lqa List Setoid.
From AminRef Require Import Records.
Import ListNotations.
Open Scope Q_scope.

(* The sum of f over a list. *)
Fixpoint q_sum {A} (f : A -> Q) (l : list A) : Q :=
  match l with [] => 0 | x :: later => f x + q_sum f later end.

(* A sum of smaller terms is smaller. *)
Lemma q_sum_le {A} (f g : A -> Q) l : (forall x, In x l -> f x <= g x) -> q_sum f l <= q_sum g l.
Proof.
  induction l as [|x l IH]; cbn; intros each; [lra|].
  assert (f x <= g x) by auto. assert (q_sum f l <= q_sum g l) by auto. lra.
Qed.

(* Equal terms, equal sums. *)
Lemma q_sum_ext {A} (f g : A -> Q) l : (forall x, In x l -> f x == g x) -> q_sum f l == q_sum g l.
Proof.
  induction l as [|x l IH]; cbn; intros each; [lra|].
  assert (f x == g x) by auto. assert (q_sum f l == q_sum g l) by auto. lra.
Qed.

(* A sum of terms that are not negative. *)
Lemma q_sum_nonneg {A} (f : A -> Q) l : (forall x, In x l -> 0 <= f x) -> 0 <= q_sum f l.
Proof.
  induction l as [|x l IH]; cbn; intros each; [lra|].
  assert (0 <= f x) by auto. assert (0 <= q_sum f l) by auto. lra.
Qed.

(* The sum over two lists in a row. *)
Lemma q_sum_app {A} (f : A -> Q) l m : q_sum f (l ++ m) == q_sum f l + q_sum f m.
Proof. induction l as [|x l IH]; cbn; [lra|]. rewrite IH. lra. Qed.

(* The sum over an image. *)
Lemma q_sum_map {A C} (f : C -> Q) (g : A -> C) l : q_sum f (map g l) = q_sum (fun x => f (g x)) l.
Proof. induction l as [|x l IH]; cbn; congruence. Qed.

(* A sum of equal terms. *)
Lemma q_sum_const {A} c (l : list A) : q_sum (fun _ => c) l == inject_Z (Z.of_nat (length l)) * c.
Proof.
  induction l as [|x l IH]; [cbn; ring|]. cbn [q_sum length]. rewrite IH, Nat2Z.inj_succ.
  unfold Z.succ. rewrite inject_Z_plus. change (inject_Z 1) with 1. ring.
Qed.

(* The sum of sums, term by term. *)
Lemma q_sum_plus {A} (f g : A -> Q) l : q_sum (fun x => f x + g x) l == q_sum f l + q_sum g l.
Proof. induction l as [|x l IH]; cbn; [lra|]. rewrite IH. lra. Qed.

(* A common factor. *)
Lemma q_sum_scale {A} c (f : A -> Q) l : q_sum (fun x => c * f x) l == c * q_sum f l.
Proof. induction l as [|x l IH]; cbn; [lra|]. rewrite IH. ring. Qed.

(* A sum of integers. *)
Lemma q_sum_integers {A} (f : A -> Z) l : q_sum (fun x => inject_Z (f x)) l == inject_Z (sum f l).
Proof. induction l as [|x l IH]; cbn; [reflexivity|]. rewrite IH, inject_Z_plus. reflexivity. Qed.

(* Integers are compared as rational numbers. *)
Lemma integers_le a b : (a <= b)%Z <-> inject_Z a <= inject_Z b.
Proof. rewrite Zle_Qle. reflexivity. Qed.

(* The difference of integers. *)
Lemma inject_Z_minus a b : inject_Z (a - b) == inject_Z a - inject_Z b.
Proof. unfold Z.sub. rewrite inject_Z_plus, inject_Z_opp. reflexivity. Qed.

(* Integers from 1 on are positive rational numbers. *)
Lemma positive_integer a : (1 <= a)%Z -> 1 <= inject_Z a.
Proof. exact (proj1 (integers_le 1 a)). Qed.

(* An inequality of fractions. *)
Lemma fractions_le a b c d : 0 < b -> 0 < d -> a * d <= c * b -> a * / b <= c * / d.
Proof.
  intros some_b some_d le. apply Qle_shift_div_l; [exact some_d|].
  assert (same : a * / b * d == (a * d) * / b) by (field; lra). rewrite same.
  apply Qle_shift_div_r; [exact some_b|exact le].
Qed.

(* The inverse of the greater number is smaller. *)
Lemma inverses_le a b : 0 < a -> a <= b -> / b <= / a.
Proof.
  intros some le. rewrite <- (Qmult_1_l (/ b)), <- (Qmult_1_l (/ a)). apply fractions_le; lra.
Qed.
