(* The order of section 3: lists in ascending order, and the program's insertion. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec.
From AminRef.facts Require Import Lists Decisions.
Import ListNotations.
Open Scope Z_scope.

Section Order.
Context {X : Type}.
Implicit Types (i j x y : job X) (l m : list (job X)).

(* Not strictly, with ties: what the program's queue keeps. *)
Definition in_order l : Prop := StronglySorted (fun x y => precedes x y = true) l.

(* The program's order in words of integers. *)
Lemma precedes_spec x y : precedes x y = true <->
  assumed x < assumed y \/ (assumed x = assumed y /\ rank x <= rank y).
Proof.
  unfold precedes. now rewrite orb_true_iff, andb_true_iff, Z.ltb_lt, Z.eqb_eq, Z.leb_le.
Qed.

(* Insertion adds the job and nothing else. *)
Lemma insert_perm before j l : Permutation (insert before j l) (j :: l).
Proof.
  induction l as [|i l IH]; cbn; [reflexivity|]. destruct (before j i); [reflexivity|].
  rewrite IH. apply perm_swap.
Qed.

(* So does the insertion of many. *)
Lemma insert_all_perm before m l : Permutation (insert_all before m l) (m ++ l).
Proof.
  induction m as [|j m IH]; cbn; [reflexivity|]. rewrite insert_perm. now constructor.
Qed.

(* Insertion keeps the order. *)
Lemma insert_in_order j l : in_order l -> in_order (insert precedes j l).
Proof.
  induction 1 as [|i l sorted IH first]; cbn; [repeat constructor|].
  destruct (precedes j i) eqn:here.
  - constructor; [now constructor|]. constructor; [exact here|]. eapply Forall_impl; [|exact first].
    intros x after. rewrite precedes_spec in *. lia.
  - constructor; [exact IH|]. rewrite Forall_forall in *. intros x there.
    apply (Permutation_in _ (insert_perm precedes j l)) in there as [<-|there]; [|auto].
    apply not_true_iff_false in here. rewrite precedes_spec in *. lia.
Qed.

(* So does the insertion of many. *)
Lemma insert_all_in_order m l : in_order l -> in_order (insert_all precedes m l).
Proof. intros sorted. induction m as [|j m IH]; cbn; auto using insert_in_order. Qed.

(* With distinct ranks no two jobs tie. *)
Lemma strictly l : in_order l -> NoDup (map rank l) -> ascending l.
Proof.
  induction 1 as [|x l sorted IH first]; cbn; intros distinct; [constructor|].
  apply NoDup_cons_iff in distinct as [new distinct]. constructor; [now apply IH|].
  rewrite Forall_forall in *. intros y there. specialize (first y there).
  assert (rank x <> rank y) by (intros tie; apply new; rewrite tie; now apply in_map).
  rewrite below_spec. rewrite precedes_spec in first. lia.
Qed.

(* A list of jobs with distinct ranks can be put into ascending order. *)
Lemma can_ascend m : NoDup (map rank m) -> exists l, ascending l /\ Permutation l m.
Proof.
  intros distinct. exists (insert_all precedes m []).
  assert (same : Permutation (insert_all precedes m []) m) by now rewrite insert_all_perm,
    app_nil_r.
  split; [|exact same]. apply strictly; [apply insert_all_in_order; constructor|].
  eapply Permutation_NoDup; [|exact distinct]. symmetry. now apply Permutation_map.
Qed.

(* In ascending order, those that are not below x are x and what follows. *)
Lemma not_below_here l x m : ascending (l ++ x :: m) -> not_below x (l ++ x :: m) = x :: m.
Proof.
  intros sorted. apply sorted_app in sorted as (_ & sorted & across). unfold not_below.
  rewrite filter_app, filter_none, filter_all; [reflexivity| |].
  - intros y there. inversion_clear sorted as [|h t rest first]. apply negb_true_iff.
    destruct there as [<-|there]; [apply below_irreflexive|]. rewrite Forall_forall in first.
    specialize (first y there). apply not_true_iff_false. rewrite below_spec in *. lia.
  - intros y there. apply negb_false_iff. apply across; [exact there|now left].
Qed.

(* In ascending order, those that are not above x are x and what stands before it. *)
Lemma not_above_here l x m : ascending (l ++ x :: m) -> not_above x (l ++ x :: m) = l ++ [x].
Proof.
  intros sorted. apply sorted_app in sorted as (_ & sorted & across). unfold not_above.
  inversion_clear sorted as [|h t rest first]. rewrite Forall_forall in first.
  rewrite filter_app, filter_all; cbn.
  - rewrite below_irreflexive. cbn. f_equal. f_equal. apply filter_none. intros y there.
    apply negb_false_iff. now apply first.
  - intros y there. apply negb_true_iff, not_true_iff_false.
    specialize (across y x there (or_introl eq_refl)). rewrite below_spec in *. lia.
Qed.
End Order.
