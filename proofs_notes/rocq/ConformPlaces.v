(* L1, L2 and L4 of proofs_notes/conformance.md, each by itself. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Safety Ties Conform ConformRounds.
From AminRef.facts Require Import Sums Lists Blocks Decisions Places Rankings.
Import ListNotations.
Open Scope Z_scope.

(* Jobs of different requests of the instance, with the ranks of these and lengths that are not
   negative. *)
Record jobs_of (requests : list request) (l : list (job request)) : Prop := JobsOf {
  different : NoDup (map tag l);
  of_instance : incl (map tag l) requests;
  own_ranks : Forall own l;
  not_negative : Forall counts l }.

(* Weaker orders explain the same evictions. *)
Lemma evictions_weaker {X} M B (le le' : job X -> job X -> Prop) E S :
  (forall x y, le x y -> le' x y) -> explains_evictions M B le E S ->
  explains_evictions M B le' E S.
Proof.
  intros weaker (fit & [none|(e & here & greatest & above & over)]); split; auto.
  right. exists e. repeat split; auto.
Qed.

(* Weaker orders explain the same admissions. *)
Lemma admissions_weaker {X} M B (le le' : job X -> job X -> Prop) S A L :
  (forall x y, le x y -> le' x y) -> explains_admissions M B le S A L ->
  explains_admissions M B le' S A L.
Proof.
  intros weaker (fit & [none|(w & here & least & under & no)]); split; auto.
  right. exists w. repeat split; auto.
Qed.

(* `not_after` is the order of places. *)
Lemma not_after_spec x y : not_after x y = true <-> at_most x y.
Proof. apply negb_true_iff. Qed.

Section Places.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Let block := some_block _ _ _ instance.
Let capacity := some_capacity _ _ _ instance.
Notation ranked_by rho := (map (with_rank rho)).

(* The requests of the instance are distinct. *)
Lemma once_each : NoDup requests.
Proof. exact (NoDup_map_inv id requests (distinct_ids _ _ _ instance)). Qed.

(* Jobs with their own ranks are as they are. *)
Lemma ranked_own l : Forall own l -> ranked_by rank_of l = l.
Proof.
  intros each. rewrite <- (map_id l) at 2. apply map_ext_in. intros [t p n r g] here.
  rewrite Forall_forall in each. specialize (each _ here). unfold own in each. cbn in each.
  unfold with_rank. cbn. now rewrite each.
Qed.

(* Ranks change no length. *)
Lemma counts_ranked_by rho l : Forall counts l -> Forall counts (ranked_by rho l).
Proof. intros all. apply Forall_map. exact all. Qed.

Section Rho.
Variable rho : ranking.

(* Step 3 evicts exactly E under a ranking if and only if the conditions of L1 hold for it. *)
Lemma step_3_exact R E S : Permutation (map learnt R) (E ++ S) -> Forall counts (E ++ S) ->
  NoDup (map rank (ranked_by rho (E ++ S))) ->
  (decision M B (ranked_by rho R) [] (ranked_by rho E) (ranked_by rho S) [] [] <->
   explains_evictions M B at_most (ranked_by rho E) (ranked_by rho S)).
Proof.
  intros ran counted distinct. pose proof (counts_ranked_by rho _ counted) as counted'.
  rewrite map_app in distinct, counted'. split.
  - intros D. apply L1_only_if; auto; [exact (evicted_needed _ _ _ _ _ _ _ _ D)| |].
    + exact (stays_fits _ _ _ _ _ _ _ _ D).
    + exact (stay_together M B block capacity _ _ _ _ _ _ D counted').
  - intros explained. destruct (L1_if M B block _ _ counted' distinct explained) as [needed enough].
    constructor; auto. rewrite <- map_app, <- ran, !map_map. reflexivity.
Qed.

(* Step 4 admits exactly A under a ranking if and only if the conditions of L2 hold for it. *)
Lemma step_4_exact R W S A L : Permutation (map learnt R) S -> Permutation W (A ++ L) ->
  never_exceeds M B S -> Forall counts S -> Forall counts (A ++ L) ->
  NoDup (map rank (ranked_by rho (A ++ L))) ->
  (decision M B (ranked_by rho R) (ranked_by rho W) [] (ranked_by rho S) (ranked_by rho A)
    (ranked_by rho L) <->
   explains_admissions M B at_most (ranked_by rho S) (ranked_by rho A) (ranked_by rho L)).
Proof.
  intros ran waited fits some counted distinct. pose proof (counts_ranked_by rho _ counted) as
    counted'. rewrite map_app in distinct, counted'. split.
  - intros D. apply L2_only_if; auto; [exact (admitted_fits _ _ _ _ _ _ _ _ D)| |].
    + exact (left_does_not _ _ _ _ _ _ _ _ D).
    + apply (admitted_together M B block _ _ _ _ _ _ D counted'). now apply never_exceeds_ranked.
  - intros explained. destruct (L2_if M B block _ _ _ counted' distinct explained) as [fit no].
    constructor; auto.
    + cbn [app]. rewrite <- ran, !map_map. reflexivity.
    + apply Forall_forall. intros x _. apply (never_exceeds_ranked M B rho) in fits.
      specialize (fits 0 ltac:(lia)). rewrite <- next_tokens_now in fits. etransitivity; [|exact
        fits].
      apply sum_filter_le. intros y here. pose proof (counts_ranked_by rho _ some) as some'.
      rewrite Forall_forall in some'. apply will_hold_nonneg; [exact block|auto|lia].
    + rewrite <- map_app. now apply Permutation_map.
Qed.
End Rho.

(* A ranking that agrees with an order of different requests. *)
Lemma ranking_of o l : NoDup (map tag l) -> Permutation o (map tag l) ->
  exists rho, any_ranking requests rho /\ rises rho o.
Proof.
  intros distinct same. exists (position (o ++ requests)). split.
  - apply position_ranks; [exact once_each|]. intros r here. apply in_app_iff. now right.
  - apply position_rises. eapply Permutation_NoDup; [symmetry; exact same|exact distinct].
Qed.

(* L1, for free ties and for given ties. *)
Theorem evictions_explained R E S : Permutation (map learnt R) (E ++ S) ->
  jobs_of requests (E ++ S) ->
  let exactly rho := decision M B (ranked_by rho R) [] (ranked_by rho E) (ranked_by rho S) [] [] in
  ((exists rho, any_ranking requests rho /\ exactly rho) <->
    explains_evictions M B (fun x y => level_or_before x y = true) E S) /\
  (exactly rank_of <-> explains_evictions M B (fun x y => not_after x y = true) E S).
Proof.
  intros ran [differ known own_all counted] exactly.
  assert (apart : forall rho, any_ranking requests rho ->
    NoDup (map rank (ranked_by rho (E ++ S)))).
  { intros rho ok. now apply (ranks_distinct requests). }
  split; [split|].
  - intros (rho & ok & D). apply (step_3_exact rho) in D; auto.
    exact (evictions_by_places M B requests _ _ rho E S (free_ties M B requests once_each) ok
      own_all D).
  - intros explained. destruct (order_of_evictions M B E S explained) as (o & same & leads).
    destruct (ranking_of o (E ++ S) differ same) as (rho & ok & up). exists rho.
    split; [exact ok|]. apply (step_3_exact rho); auto.
  - subst exactly. cbn beta. rewrite step_3_exact; auto.
    + apply Forall_app in own_all as [own_E own_S]. rewrite !ranked_own by assumption.
      split; apply evictions_weaker; intros x y; apply not_after_spec.
    + apply apart. exact (distinct_ranks _ _ _ instance).
Qed.

(* L2, for free ties and for given ties. *)
Theorem admissions_explained R W S A L : Permutation (map learnt R) S ->
  Permutation W (A ++ L) -> never_exceeds M B S -> jobs_of requests S ->
  jobs_of requests (A ++ L) ->
  let exactly rho := decision M B (ranked_by rho R) (ranked_by rho W) [] (ranked_by rho S)
    (ranked_by rho A) (ranked_by rho L) in
  ((exists rho, any_ranking requests rho /\ exactly rho) <->
    explains_admissions M B (fun x y => level_or_before x y = true) S A L) /\
  (exactly rank_of <-> explains_admissions M B (fun x y => not_after x y = true) S A L).
Proof.
  intros ran waited fits [_ _ own_S some] [differ known own_all counted] exactly.
  assert (apart : forall rho, any_ranking requests rho ->
    NoDup (map rank (ranked_by rho (A ++ L)))).
  { intros rho ok. now apply (ranks_distinct requests). }
  split; [split|].
  - intros (rho & ok & D). apply (step_4_exact rho) in D; auto.
    exact (admissions_by_places M B requests _ _ rho S A L (free_ties M B requests once_each) ok
      own_all D).
  - intros explained. destruct (order_of_admissions M B S A L explained) as (o & same & leads).
    destruct (ranking_of o (A ++ L) differ same) as (rho & ok & up). exists rho.
    split; [exact ok|]. apply (step_4_exact rho); auto.
  - subst exactly. cbn beta. rewrite step_4_exact; auto.
    + apply Forall_app in own_all as [own_A own_L]. rewrite !ranked_own by assumption.
      split; apply admissions_weaker; intros x y; apply not_after_spec.
    + apply apart. exact (distinct_ranks _ _ _ instance).
Qed.
End Places.

(* Jobs at the same place are assumed to be as long. *)
Lemma level_assumed le x y : le = level_or_before \/ le = not_after -> le x y = true ->
  le y x = true -> assumed x = assumed y.
Proof.
  intros [->| ->] xy yx.
  - apply Z.leb_le in xy, yx. lia.
  - apply not_after_spec, at_most_spec in xy, yx. lia.
Qed.

(* L4: of those at the lowest place, one with the largest prompt decides. *)
Theorem one_candidate M B le R W w : 1 <= B -> le = level_or_before \/ le = not_after ->
  Forall (fun v => generated v = 0) W ->
  let lowest v := In v W /\ forall x, In x W -> le v x = true in
  let fits v := never_exceeds M B (R ++ [v]) in
  lowest w -> (forall v, lowest v -> prompt v <= prompt w) ->
  ((exists v, lowest v /\ ~ fits v) <-> ~ fits w).
Proof.
  intros block order none lowest fits low largest. split; [|intros no; now exists w].
  intros (v & low_v & no) fit. apply no. rewrite Forall_forall in none.
  destruct low as [here least]. destruct low_v as [there least_v].
  apply (L4 M B block R v w); auto; [now apply (level_assumed le); auto|].
  apply largest. now split.
Qed.
