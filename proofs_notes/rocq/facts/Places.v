(* L1, L2 and L4 of proofs_notes/conformance.md for a ranking in which no two jobs are level. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Spec.
From AminRef.facts Require Import Sums Lists Blocks Decisions.
Import ListNotations.
Open Scope Z_scope.

(* A part of a list that has one element of the first half and the whole second half. *)
Lemma kept_some {A} (f : A -> Z) p e l m : (forall x, In x (l ++ m) -> 0 <= f x) ->
  In e l -> p e = true -> (forall y, In y m -> p y = true) ->
  f e + sum f m <= sum f (filter p (l ++ m)).
Proof.
  intros nonneg here kept all. rewrite filter_app, sum_app, (filter_all p m all).
  enough (f e <= sum f (filter p l)) by lia.
  assert (there : In e (filter p l)) by now apply filter_In.
  apply in_split in there as (a & b & shape). rewrite shape, sum_app. cbn.
  assert (side : forall x, In x (filter p l) -> 0 <= f x).
  { intros x is. apply nonneg, in_app_iff. left. now apply filter_In in is. }
  rewrite shape in side.
  assert (0 <= sum f a) by (apply sum_nonneg; intros x is; apply side, in_app_iff; auto).
  assert (0 <= sum f b) by (apply sum_nonneg; intros x is; apply side, in_app_iff; cbn; auto). lia.
Qed.

(* A part that has all elements of another part. *)
Lemma larger_part {A} (f : A -> Z) p q l : (forall x, In x l -> 0 <= f x) ->
  (forall x, In x l -> p x = true -> q x = true) -> sum f (filter p l) <= sum f (filter q l).
Proof.
  intros nonneg more. rewrite !sum_filter. apply sum_le. intros x here. specialize (nonneg x here).
  specialize (more x here). destruct (p x), (q x); lia.
Qed.

Section Places.
Variables M B : Z.
Hypothesis some_block : 1 <= B.
Hypothesis some_capacity : 0 <= M.
Context {X : Type}.
Implicit Types (e v w x y : job X) (E S A L : list (job X)).

(* The conditions of L1, if `le` is the order of places. *)
Definition explains_evictions (le : job X -> job X -> Prop) E S : Prop :=
  next_tokens B S <= M /\ (E = [] \/ exists e, In e E /\ (forall y, In y E -> le y e) /\
    (forall y, In y S -> le e y) /\ M < next_tokens B (e :: S)).

(* The conditions of L2. *)
Definition explains_admissions (le : job X -> job X -> Prop) S A L : Prop :=
  never_exceeds M B (S ++ A) /\ (L = [] \/ exists w, In w L /\ (forall v, In v L -> le w v) /\
    (forall y, In y A -> le y w) /\ ~ never_exceeds M B (S ++ A ++ [w])).

(* Not strictly. *)
Definition at_most x y : Prop := below y x = false.

(* The same in words of integers. *)
Lemma at_most_spec x y : at_most x y <->
  assumed x < assumed y \/ (assumed x = assumed y /\ rank x <= rank y).
Proof. unfold at_most. rewrite <- not_true_iff_false, below_spec. lia. Qed.

(* The next tokens are a sum of terms that are not negative. *)
Lemma holds_nonneg l : Forall counts l -> forall x, In x l -> 0 <= will_hold B 0 x.
Proof.
  intros counted x here. rewrite Forall_forall in counted.
  apply will_hold_nonneg; [exact some_block|auto|lia].
Qed.

(* Two jobs on two sides of a list have different ranks. *)
Lemma ranks_differ l m x y : NoDup (map rank (l ++ m)) -> In x l -> In y m -> rank x <> rank y.
Proof.
  rewrite map_app. intros distinct here there tie. apply nodup_app in distinct as (_ & _ & apart).
  apply (apart (rank x)); [now apply in_map|]. rewrite tie. now apply in_map.
Qed.

(* Of a list with distinct ranks, x alone is at most x and at least x. *)
Lemma alone p l x : NoDup (map rank l) -> In x l -> p x = true ->
  (forall y, In y l -> p y = true -> rank y = rank x) -> filter p l = [x].
Proof.
  intros distinct here kept only. apply in_split in here as (a & b & ->).
  assert (others : forall y, In y (a ++ b) -> p y = false).
  { intros y there. apply not_true_iff_false. intros yes.
    rewrite map_app in distinct. cbn in distinct. apply NoDup_remove_2 in distinct.
    rewrite <- map_app in distinct. apply distinct. rewrite <- (only y); [now apply in_map| |exact
      yes].
    rewrite in_app_iff in *. cbn. tauto. }
  rewrite filter_app. cbn. rewrite kept, (filter_none p a), (filter_none p b); [reflexivity| |];
    intros y there; apply others, in_app_iff; auto.
Qed.

(* L1, from the decision to the conditions. *)
Lemma L1_only_if E S : Forall counts (E ++ S) -> NoDup (map rank (E ++ S)) ->
  Forall (fun x => M < next_tokens B (not_below x (E ++ S))) E ->
  Forall (fun x => next_tokens B (not_below x (E ++ S)) <= M) S -> next_tokens B S <= M ->
  explains_evictions at_most E S.
Proof.
  intros counted distinct needed enough fit. split; [exact fit|].
  destruct E as [|e0 E0] eqn:shape; [now left|]. right. rewrite <- shape in *.
  destruct (least_exists (fun x y => below y x) E) as (e & here & greatest);
    [exact below_irreflexive|intros x y z yx zy; exact (below_transitive _ _ _ zy yx)|now rewrite
      shape|].
  rewrite Forall_forall in needed, enough. specialize (needed e here).
  assert (above : forall y, In y S -> at_most e y).
  { intros y there. apply not_true_iff_false. intros lower. specialize (enough y there).
    enough (next_tokens B (not_below e (E ++ S)) <= next_tokens B (not_below y (E ++ S))) by lia.
    apply larger_part; [now apply holds_nonneg|]. intros z _. rewrite !negb_true_iff.
    rewrite <- !not_true_iff_false. intros no yes. apply no. eapply below_transitive; eauto. }
  exists e. repeat split; auto. unfold not_below in needed. rewrite filter_app in needed.
  rewrite (filter_all _ S) in needed by (intros y there; apply negb_true_iff; now apply above).
  rewrite (alone _ E e) in needed; auto.
  - rewrite map_app in distinct. now apply nodup_app in distinct.
  - apply negb_true_iff. apply below_irreflexive.
  - intros y there yes. apply negb_true_iff in yes. apply at_most_spec in yes.
    pose proof (proj1 (at_most_spec y e) (greatest y there)). lia.
Qed.

(* L1, from the conditions to the decision. *)
Lemma L1_if E S : Forall counts (E ++ S) -> NoDup (map rank (E ++ S)) ->
  explains_evictions at_most E S ->
  Forall (fun x => M < next_tokens B (not_below x (E ++ S))) E /\
  Forall (fun x => next_tokens B (not_below x (E ++ S)) <= M) S.
Proof.
  intros counted distinct (fit & [->|(e & here & greatest & above & over)]).
  - split; [constructor|]. apply Forall_forall. intros x _. etransitivity; [|exact fit].
    apply sum_filter_le. now apply holds_nonneg.
  - split; apply Forall_forall; intros x there.
    + eapply Z.lt_le_trans; [exact over|]. apply kept_some; auto.
      * now apply holds_nonneg.
      * apply negb_true_iff. now apply greatest.
      * intros y is. apply negb_true_iff. specialize (above y is). specialize (greatest x there).
        apply at_most_spec. apply at_most_spec in above, greatest. lia.
    + unfold not_below. rewrite filter_app, filter_none, app_nil_l.
      * etransitivity; [|exact fit]. apply sum_filter_le. apply holds_nonneg.
        now apply Forall_app in counted.
      * intros y is. apply negb_false_iff, below_spec. specialize (above x there).
        specialize (greatest y is). apply at_most_spec in above, greatest.
        pose proof (ranks_differ _ _ _ _ distinct is there). lia.
Qed.

(* More jobs, larger plan. *)
Lemma exceeds_part p q S l : Forall counts l ->
  (forall x, In x l -> p x = true -> q x = true) ->
  never_exceeds M B (S ++ filter q l) -> never_exceeds M B (S ++ filter p l).
Proof.
  intros counted more fit k later. specialize (fit k later). rewrite as_assumed_app in *.
  enough (as_assumed B k (filter p l) <= as_assumed B k (filter q l)) by lia.
  rewrite !as_assumed_sum. apply larger_part; [|exact more]. intros x here.
  rewrite Forall_forall in counted. destruct (_ <? _); [|lia].
  apply will_hold_nonneg; [exact some_block|auto|exact later].
Qed.

(* L2, from the decision to the conditions. *)
Lemma L2_only_if S A L : Forall counts (A ++ L) -> NoDup (map rank (A ++ L)) ->
  Forall (fun w => never_exceeds M B (S ++ not_above w (A ++ L))) A ->
  Forall (fun w => ~ never_exceeds M B (S ++ not_above w (A ++ L))) L ->
  never_exceeds M B (S ++ A) -> explains_admissions at_most S A L.
Proof.
  intros counted distinct fits not fit. split; [exact fit|].
  destruct L as [|w0 L0] eqn:shape; [now left|]. right. rewrite <- shape in *.
  destruct (least_exists below L) as (w & here & least);
    [exact below_irreflexive|exact below_transitive|now rewrite shape|].
  rewrite Forall_forall in fits, not. specialize (not w here).
  assert (under : forall y, In y A -> at_most y w).
  { intros y there. apply not_true_iff_false. intros lower. apply not.
    apply (exceeds_part _ (fun v => negb (below y v))); [exact counted| |now apply fits].
    intros z _. rewrite !negb_true_iff, <- !not_true_iff_false. intros no yes. apply no.
    eapply below_transitive; eauto. }
  exists w. repeat split; auto. intros all. apply not. unfold not_above. rewrite filter_app.
  rewrite (filter_all _ A) by (intros y there; apply negb_true_iff; now apply under).
  rewrite (alone _ L w); auto.
  - rewrite map_app in distinct. now apply nodup_app in distinct.
  - apply negb_true_iff. apply below_irreflexive.
  - intros y there yes. apply negb_true_iff in yes. apply at_most_spec in yes.
    pose proof (proj1 (at_most_spec w y) (least y there)). lia.
Qed.

(* L2, from the conditions to the decision. *)
Lemma L2_if S A L : Forall counts (A ++ L) -> NoDup (map rank (A ++ L)) ->
  explains_admissions at_most S A L ->
  Forall (fun w => never_exceeds M B (S ++ not_above w (A ++ L))) A /\
  Forall (fun w => ~ never_exceeds M B (S ++ not_above w (A ++ L))) L.
Proof.
  intros counted distinct (fit & stop). pose proof (proj1 (Forall_app _ _ _) counted) as [some_A _].
  split; apply Forall_forall; intros x there.
  - unfold not_above. rewrite filter_app, (filter_none _ L), app_nil_r.
    + apply (exceeds_part _ (fun _ => true)); auto. now rewrite (filter_all _ A).
    + intros y is. apply negb_false_iff, below_spec.
      destruct stop as [->|(w & here & least & under & _)]; [easy|].
      specialize (under x there). specialize (least y is). apply at_most_spec in under, least.
      pose proof (ranks_differ _ _ _ _ distinct there is). lia.
  - destruct stop as [->|(w & here & least & under & no)]; [easy|]. intros all. apply no.
    intros k later. specialize (all k later). rewrite !as_assumed_app in *.
    enough (as_assumed B k A + as_assumed B k [w] <= as_assumed B k (not_above x (A ++ L))) by lia.
    unfold not_above. rewrite <- (as_assumed_perm B k _ _ (filter_perm _ _ _ (Permutation_app_comm
      L A))).
    rewrite !as_assumed_sum. cbn [sum]. rewrite Z.add_0_r, Z.add_comm.
    apply (kept_some (fun j => if k <? more_tokens j then will_hold B k j else 0)); auto.
    + intros z is. rewrite in_app_iff, or_comm, <- in_app_iff in is.
      rewrite Forall_forall in counted. destruct (_ <? _); [|lia].
      apply will_hold_nonneg; [exact some_block|auto|exact later].
    + apply negb_true_iff. now apply least.
    + intros y is. apply negb_true_iff, at_most_spec. specialize (under y is).
      specialize (least x there). apply at_most_spec in under, least. lia.
Qed.

(* L4: of two jobs with the same number of tokens to come, neither of which has generated any, the
   one with the larger prompt fits only if the other does. *)
Lemma L4 R v w : assumed v = assumed w -> generated v = 0 -> generated w = 0 ->
  prompt v <= prompt w -> never_exceeds M B (R ++ [w]) -> never_exceeds M B (R ++ [v]).
Proof.
  intros same none_v none_w shorter fit k later. specialize (fit k later).
  rewrite as_assumed_app in *. enough (as_assumed B k [v] <= as_assumed B k [w]) by lia.
  rewrite !as_assumed_sum. cbn [sum]. unfold more_tokens, will_hold.
  rewrite same, none_v, none_w, !whole_blocks_occ by exact some_block.
  destruct (_ <? _); [|lia]. pose proof (occ_mono B some_block (prompt v + (0 + (k + 1)))
    (prompt w + (0 + (k + 1))) ltac:(lia)). lia.
Qed.
End Places.
