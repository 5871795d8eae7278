(* Permutations, parts of lists and least elements. Nothing here is about scheduling. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
Import ListNotations.

(* A part of two lists with the same elements. *)
Lemma filter_perm {A} (p : A -> bool) l m : Permutation l m -> Permutation (filter p l) (filter p
  m).
Proof.
  induction 1 as [|x l m _ IH|x y l|l k m _ IH _ IH']; cbn.
  - constructor.
  - destruct (p x); [now constructor|assumption].
  - destruct (p x), (p y); try reflexivity. constructor.
  - etransitivity; eassumption.
Qed.

(* All elements of a list have the property of the part. *)
Lemma filter_all {A} (p : A -> bool) l : (forall x, In x l -> p x = true) -> filter p l = l.
Proof.
  induction l as [|x l IH]; cbn; intros all; [reflexivity|]. rewrite all by auto. now rewrite IH
    by auto.
Qed.

(* No element of a list has the property of the part. *)
Lemma filter_none {A} (p : A -> bool) l : (forall x, In x l -> p x = false) -> filter p l = [].
Proof.
  induction l as [|x l IH]; cbn; intros all; [reflexivity|]. rewrite all by auto. now rewrite IH
    by auto.
Qed.

(* What holds for all elements holds for those of a part. *)
Lemma filter_forall {A} (P : A -> Prop) p l : Forall P l -> Forall P (filter p l).
Proof. rewrite !Forall_forall. intros all x here. apply filter_In in here as [here _]. auto. Qed.

(* What holds for all elements holds in every order. *)
Lemma forall_perm {A} (P : A -> Prop) l m : Permutation l m -> Forall P l -> Forall P m.
Proof. apply Permutation_Forall. Qed.

(* A list that is split by a property in two ways has the same two parts. *)
Lemma split_unique {A} (P : A -> Prop) a b a' b' : Permutation (a ++ b) (a' ++ b') ->
  Forall P a -> Forall (fun x => ~ P x) b -> Forall P a' -> Forall (fun x => ~ P x) b' ->
  Permutation a a' /\ Permutation b b'.
Proof.
  revert a'. induction a as [|x a IH]; intros a' same all_a none_b all_a' none_b'.
  - destruct a' as [|y a']; [split; [constructor|exact same]|]. exfalso. cbn in same.
    assert (here : In y b) by (eapply Permutation_in; [symmetry; exact same|now left]).
    rewrite Forall_forall in none_b. apply (none_b y here). now inversion all_a'.
  - apply Forall_cons_iff in all_a as [for_x all_a].
    assert (here : In x (a' ++ b')) by (eapply Permutation_in; [exact same|now left]).
    apply in_app_iff in here as [here|here];
      [|rewrite Forall_forall in none_b'; now destruct (none_b' x here)].
    apply in_split in here as (u & v & ->). rewrite <- app_assoc in same. cbn in same.
    apply Permutation_cons_app_inv in same. rewrite app_assoc in same.
    apply Forall_app in all_a' as [all_u all_v]. apply Forall_cons_iff in all_v as [_ all_v].
    destruct (IH (u ++ v) same) as [same_a same_b]; auto; [now apply Forall_app|].
    split; [now apply Permutation_cons_app|exact same_b].
Qed.

(* The two lists that `partition` makes. *)
Lemma partition_spec {A} (p : A -> bool) l a b : partition p l = (a, b) ->
  Permutation l (a ++ b) /\ (forall x, In x a -> p x = true) /\ (forall x, In x b -> p x = false).
Proof.
  revert a b. induction l as [|x l IH]; cbn; intros a b parts.
  - injection parts as <- <-. repeat split; easy.
  - destruct (partition p l) as [a' b']. destruct (IH _ _ eq_refl) as (same & yes & no).
    destruct (p x) eqn:here; injection parts as <- <-; repeat split.
    + cbn. now constructor.
    + intros y [<-|]; auto.
    + auto.
    + rewrite same. apply Permutation_middle.
    + auto.
    + intros y [<-|]; auto.
Qed.

(* The elements of a list of distinct elements stand on one side of it only. *)
Lemma nodup_app {A} (l m : list A) :
  NoDup (l ++ m) <-> NoDup l /\ NoDup m /\ forall x, In x l -> ~ In x m.
Proof.
  induction l as [|x l IH]; cbn.
  - split; [intros distinct; repeat split; [constructor|exact distinct|easy]|tauto].
  - rewrite !NoDup_cons_iff, IH, in_app_iff. firstorder (subst; auto).
Qed.

(* Distinct images: two elements with one image are one element. *)
Lemma nodup_same {A C} (f : A -> C) l x y :
  NoDup (map f l) -> In x l -> In y l -> f x = f y -> x = y.
Proof.
  induction l as [|z l IH]; cbn; [easy|]. rewrite NoDup_cons_iff. intros [new distinct] here_x
    here_y same.
  destruct here_x as [->|here_x], here_y as [->|here_y]; auto.
  - exfalso. apply new. rewrite same. now apply in_map.
  - exfalso. apply new. rewrite <- same. now apply in_map.
Qed.

(* Pairs of two lists in a row. *)
Lemma pairs_app {A} (R : A -> A -> Prop) l m :
  ForallOrdPairs R l -> ForallOrdPairs R m -> (forall x y, In x l -> In y m -> R x y) ->
  ForallOrdPairs R (l ++ m).
Proof.
  induction 1 as [|x l first _ IH]; cbn; intros in_m across; [exact in_m|]. constructor.
  - apply Forall_app. split; [exact first|]. apply Forall_forall. auto.
  - apply IH; auto.
Qed.

(* Pairs in another order, for a relation that looks the same from both sides. *)
Lemma pairs_perm {A} (R : A -> A -> Prop) l m : (forall x y, R x y -> R y x) ->
  Permutation l m -> ForallOrdPairs R l -> ForallOrdPairs R m.
Proof.
  intros sym. induction 1 as [|x l m same IH|x y l|l k m _ IH _ IH']; intros pairs; auto.
  - inversion_clear pairs. constructor; auto. eapply Permutation_Forall; eassumption.
  - inversion_clear pairs as [|z k of_y rest]. inversion_clear rest as [|z k of_x rest'].
    apply Forall_cons_iff in of_y as [yx of_y]. repeat constructor; auto.
Qed.

(* A list in which every element is related to all later ones, cut in two. *)
Lemma sorted_app {A} (R : A -> A -> Prop) a b : StronglySorted R (a ++ b) ->
  StronglySorted R a /\ StronglySorted R b /\ forall x y, In x a -> In y b -> R x y.
Proof.
  induction a as [|z a IH]; cbn; intros sorted; [repeat split; auto; [constructor|easy]|].
  inversion_clear sorted as [|h t rest all]. destruct (IH rest) as (sorted_a & sorted_b & across).
  apply Forall_app in all as [all_a all_b]. rewrite Forall_forall in all_b.
  repeat split; auto; [now constructor|]. intros x y [<-|here] there; auto.
Qed.

(* Some element of a list that is not empty comes before no other, if `lt` is an order. *)
Lemma least_exists {A} (lt : A -> A -> bool) l :
  (forall x, lt x x = false) -> (forall x y z, lt x y = true -> lt y z = true -> lt x z = true) ->
  l <> [] -> exists x, In x l /\ forall y, In y l -> lt y x = false.
Proof.
  intros irreflexive transitive. induction l as [|x l IH]; [easy|]. intros _.
  destruct l as [|y l]; [exists x; split; [now left|]; intros z [<-|[]]; apply irreflexive|].
  destruct IH as (m & here & least); [easy|]. destruct (lt x m) eqn:smaller.
  - exists x. split; [now left|]. intros z [<-|there]; [apply irreflexive|].
    destruct (lt z x) eqn:below_x; [|reflexivity].
    rewrite <- (least z there). symmetry. eapply transitive; eassumption.
  - exists m. split; [now right|]. intros z [<-|there]; auto.
Qed.

(* An element of a prefix, with what stands before and after it. *)
Lemma in_prefix {A} (x : A) k l : In x (firstn k l) ->
  exists a b, l = a ++ x :: b /\ (length a < k)%nat.
Proof.
  intros here. apply in_split in here as (a & b & shape). exists a, (b ++ skipn k l). split.
  - rewrite <- (firstn_skipn k l) at 1. now rewrite shape, <- app_assoc.
  - apply (f_equal (@length _)) in shape. rewrite firstn_length, app_length in shape.
    cbn in shape. lia.
Qed.

(* An element of a suffix, with what stands before and after it. *)
Lemma in_suffix {A} (x : A) k l : In x (skipn k l) ->
  exists a b, l = a ++ x :: b /\ (k <= length a)%nat.
Proof.
  intros here. assert (some : (k < length l)%nat).
  { destruct (Nat.lt_ge_cases k (length l)) as [less|more]; [exact less|].
    now rewrite skipn_all2 in here by exact more. }
  apply in_split in here as (a & b & shape). exists (firstn k l ++ a), b. split.
  - rewrite <- (firstn_skipn k l) at 1. now rewrite shape, <- app_assoc.
  - rewrite app_length, firstn_length. lia.
Qed.

(* The prefix that ends with an element, and the suffix that begins with it. *)
Lemma prefix_at {A} (a : list A) x b :
  firstn (S (length a)) (a ++ x :: b) = a ++ [x] /\ skipn (length a) (a ++ x :: b) = x :: b.
Proof.
  split.
  - rewrite firstn_app, firstn_all2 by lia. now replace (S (length a) - length a)%nat with 1%nat
      by lia.
  - now rewrite skipn_app, skipn_all, Nat.sub_diag.
Qed.

(* A longer suffix has a shorter one as its end. *)
Lemma suffix_end {A} i k (l : list A) : (i <= k)%nat -> exists a, skipn i l = a ++ skipn k l.
Proof.
  intros less. exists (firstn (k - i) (skipn i l)). replace k with (i + (k - i))%nat at 2 by lia.
  assert (twice : forall n m (l : list A), skipn (n + m) l = skipn m (skipn n l)).
  { intros n. induction n as [|n IH]; intros m [|x l']; cbn; auto; now destruct m. }
  now rewrite twice, firstn_skipn.
Qed.
