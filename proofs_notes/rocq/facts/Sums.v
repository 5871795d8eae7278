(* Finite sums over lists. Nothing here is about scheduling. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records.
Import ListNotations.
Open Scope Z_scope.

(* The sum over two lists in a row. *)
Lemma sum_app {A} (f : A -> Z) l m : sum f (l ++ m) = sum f l + sum f m.
Proof. induction l as [|x l IH]; cbn; lia. Qed.

(* A sum of smaller terms is smaller. *)
Lemma sum_le {A} (f g : A -> Z) l : (forall x, In x l -> f x <= g x) -> sum f l <= sum g l.
Proof.
  induction l as [|x l IH]; cbn; intros each; [lia|].
  assert (f x <= g x) by auto. assert (sum f l <= sum g l) by auto. lia.
Qed.

(* Equal terms, equal sums. *)
Lemma sum_ext {A} (f g : A -> Z) l : (forall x, In x l -> f x = g x) -> sum f l = sum g l.
Proof.
  intros each. apply Z.le_antisymm; apply sum_le; intros x here; rewrite each by assumption; lia.
Qed.

(* A sum of terms that are 0. *)
Lemma sum_zero {A} (f : A -> Z) l : (forall x, In x l -> f x = 0) -> sum f l = 0.
Proof. induction l as [|x l IH]; cbn; intros each; [lia|]. rewrite each, IH; auto. Qed.

(* A sum of terms that are not negative. *)
Lemma sum_nonneg {A} (f : A -> Z) l : (forall x, In x l -> 0 <= f x) -> 0 <= sum f l.
Proof.
  induction l as [|x l IH]; cbn; intros each; [lia|].
  assert (0 <= f x) by auto. assert (0 <= sum f l) by auto. lia.
Qed.

(* The order of the terms says nothing. *)
Lemma sum_perm {A} (f : A -> Z) l m : Permutation l m -> sum f l = sum f m.
Proof. induction 1; cbn; lia. Qed.

(* The sum over an image. *)
Lemma sum_map {A C} (f : C -> Z) (g : A -> C) l : sum f (map g l) = sum (fun x => f (g x)) l.
Proof. induction l as [|x l IH]; cbn; congruence. Qed.

(* The sum of sums, term by term. *)
Lemma sum_plus {A} (f g : A -> Z) l : sum (fun x => f x + g x) l = sum f l + sum g l.
Proof. induction l as [|x l IH]; cbn; lia. Qed.

(* A common factor. *)
Lemma sum_scale {A} (c : Z) (f : A -> Z) l : sum (fun x => c * f x) l = c * sum f l.
Proof. induction l as [|x l IH]; cbn; lia. Qed.

(* The order of summation. *)
Lemma sum_exchange {A C} (f : A -> C -> Z) l m :
  sum (fun x => sum (f x) m) l = sum (fun y => sum (fun x => f x y) l) m.
Proof.
  induction l as [|x l IH]; cbn.
  - symmetry. now apply sum_zero.
  - rewrite IH, <- sum_plus. reflexivity.
Qed.

(* The sum over a part of the list, as a sum over the whole list. *)
Lemma sum_filter {A} (f : A -> Z) p l : sum f (filter p l) = sum (fun x => if p x then f x else 0)
  l.
Proof. induction l as [|x l IH]; cbn; [reflexivity|]. destruct (p x); cbn; lia. Qed.

(* A part of terms that are not negative has a smaller sum. *)
Lemma sum_filter_le {A} (f : A -> Z) p l :
  (forall x, In x l -> 0 <= f x) -> sum f (filter p l) <= sum f l.
Proof.
  intros each. rewrite sum_filter. apply sum_le. intros x here.
  specialize (each x here). destruct (p x); lia.
Qed.

(* A sum of equal terms. *)
Lemma sum_const {A} c (l : list A) : sum (fun _ => c) l = c * Z.of_nat (length l).
Proof. induction l as [|x l IH]; cbn [sum length]; [lia|]. rewrite IH. lia. Qed.

(* Terms that are 0 need not be summed. *)
Lemma sum_positive {A} (f : A -> Z) l : (forall x, 0 <= f x) ->
  sum f l = sum f (filter (fun x => 0 <? f x) l).
Proof.
  intros all. rewrite sum_filter. apply sum_ext. intros x _. specialize (all x).
  destruct (Z.ltb_spec 0 (f x)); lia.
Qed.

(* Some element of a list has the least value. *)
Lemma least_of {A} (f : A -> Z) l : l <> [] -> exists x rest, Permutation l (x :: rest) /\
  forall y, In y l -> f x <= f y.
Proof.
  induction l as [|a l IH]; intros some; [easy|]. destruct l as [|b l].
  - exists a, []. split; [reflexivity|]. intros y [<-|[]]. lia.
  - destruct IH as (x & rest & order & low); [easy|].
    destruct (Z.le_gt_cases (f a) (f x)) as [first|other].
    + exists a, (b :: l). split; [reflexivity|]. intros y [<-|here]; [lia|].
      specialize (low y here). lia.
    + exists x, (a :: rest). split; [rewrite order; apply perm_swap|].
      intros y [<-|here]; [lia|auto].
Qed.

