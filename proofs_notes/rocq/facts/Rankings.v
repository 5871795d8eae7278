(* Rankings of requests: a ranking that agrees with a given order of jobs, and what the two orders
   of
   places have to do with the rankings that are allowed. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Spec Safety Ties Conform.
From AminRef.facts Require Import Sums Lists Decisions Places.
Import ListNotations.
Open Scope Z_scope.

(* A list stays sorted if the relation of its elements gets weaker. *)
Lemma sorted_weaker {A} (R R' : A -> A -> Prop) l : StronglySorted R l ->
  (forall x y, In x l -> In y l -> R x y -> R' x y) -> StronglySorted R' l.
Proof.
  induction 1 as [|x l _ IH first]; intros weaker; constructor.
  - apply IH. intros y z here there. apply weaker; now right.
  - rewrite Forall_forall in *. intros y here. apply weaker; cbn; auto.
Qed.

(* The place of a request in a list; the first, if there are several. *)
Fixpoint position (o : list request) (r : request) : Z :=
  match o with [] => 0 | x :: o' => if request_dec x r then 0 else 1 + position o' r end.

(* A place is not negative. *)
Lemma position_nonneg o r : 0 <= position o r.
Proof. induction o as [|x o IH]; cbn [position]; [lia|]. destruct (request_dec x r); lia. Qed.

(* Two requests of a list with the same place are the same. *)
Lemma position_same o r r' : In r o -> In r' o -> position o r = position o r' -> r = r'.
Proof.
  induction o as [|x o IH]; cbn [position In]; [easy|]. intros here there same.
  pose proof (position_nonneg o r). pose proof (position_nonneg o r').
  destruct (request_dec x r) as [<-|no], (request_dec x r') as [<-|no']; auto; try lia.
  apply IH; [now destruct here|now destruct there|lia].
Qed.

(* The places rise along a list of distinct requests, whatever follows. *)
Lemma position_rises o rest : NoDup o ->
  StronglySorted (fun x y => position (o ++ rest) x < position (o ++ rest) y) o.
Proof.
  induction 1 as [|x o new _ IH]; constructor.
  - eapply sorted_weaker; [exact IH|]. cbn [position app]. intros y z here there less.
    destruct (request_dec x y) as [<-|_]; [easy|]. destruct (request_dec x z) as [<-|_]; [easy|lia].
  - apply Forall_forall. intros y here. cbn [position app].
    pose proof (position_nonneg (o ++ rest) y).
    destruct (request_dec x x); [|easy]. destruct (request_dec x y) as [<-|_]; [easy|lia].
Qed.

(* The places in a list that has all requests are a tie-break. *)
Lemma position_ranks o requests : NoDup requests -> incl requests o ->
  any_ranking requests (position o).
Proof.
  unfold any_ranking. induction 1 as [|r rs new _ IH]; cbn; intros all; constructor.
  - intros here. apply in_map_iff in here as (r' & same & there). apply new.
    rewrite <- (position_same o r' r); auto; apply all; cbn; auto.
  - apply IH. intros r' there. apply all. now right.
Qed.

Section Rankings.
Variables M B : Z.
Notation ranked_by rho := (map (with_rank rho)).

(* The order of the requests says how rho ranks them. *)
Definition rises (rho : ranking) (o : list request) : Prop :=
  StronglySorted (fun x y => rho x < rho y) o.

(* A plan does not depend on ranks. *)
Lemma as_assumed_ranked k rho l : as_assumed B k (ranked_by rho l) = as_assumed B k l.
Proof. rewrite !as_assumed_sum. now rewrite sum_map. Qed.

(* Nor do the next tokens. *)
Lemma next_tokens_ranked rho l : next_tokens B (ranked_by rho l) = next_tokens B l.
Proof. unfold next_tokens. now rewrite sum_map. Qed.

(* Nor does it matter for what fits in every round. *)
Lemma never_exceeds_ranked rho l : never_exceeds M B (ranked_by rho l) <-> never_exceeds M B l.
Proof. unfold never_exceeds. now setoid_rewrite as_assumed_ranked. Qed.

(* L1 if ties are free: an order in which step 3 evicts exactly E. *)
Lemma order_of_evictions E S :
  explains_evictions M B (fun x y => level_or_before x y = true) E S ->
  exists o, Permutation o (map tag (E ++ S)) /\ forall rho, rises rho o ->
    explains_evictions M B at_most (ranked_by rho E) (ranked_by rho S).
Proof.
  unfold level_or_before. intros (fit & [->|(e & here & greatest & above & over)]).
  - exists (map tag S). split; [reflexivity|]. intros rho _. split; [|now left].
    now rewrite next_tokens_ranked.
  - apply in_split in here as (a & b & shape). exists (map tag ((a ++ b) ++ e :: S)). split.
    { apply Permutation_map. rewrite shape, <- !app_assoc. apply Permutation_app_head. cbn.
      symmetry. apply Permutation_middle. }
    intros rho up. unfold rises in up. rewrite map_app in up.
    apply sorted_app in up as (_ & after & before).
    cbn in after. inversion_clear after as [|h t _ first]. rewrite Forall_forall in first.
    split; [now rewrite next_tokens_ranked|]. right. exists (with_rank rho e).
    change (with_rank rho e :: ranked_by rho S) with (ranked_by rho (e :: S)).
    rewrite next_tokens_ranked. repeat split; auto.
    + apply in_map. rewrite shape. apply in_app_iff. cbn. auto.
    + intros y' there. apply in_map_iff in there as (y & <- & there). apply at_most_spec. cbn.
      pose proof (proj1 (Z.leb_le _ _) (greatest y there)). rewrite shape in there.
      apply in_app_iff in there as [is|[<-|is]]; [|lia|];
        (assert (rho (tag y) < rho (tag e)); [|lia]); apply before; try (now left); apply in_map;
        apply in_app_iff; auto.
    + intros y' there. apply in_map_iff in there as (y & <- & there). apply at_most_spec. cbn.
      pose proof (proj1 (Z.leb_le _ _) (above y there)).
      specialize (first (tag y) (in_map tag _ _ there)). lia.
Qed.

(* L2 if ties are free: an order in which step 4 admits exactly A. *)
Lemma order_of_admissions S A L :
  explains_admissions M B (fun x y => level_or_before x y = true) S A L ->
  exists o, Permutation o (map tag (A ++ L)) /\ forall rho, rises rho o ->
    explains_admissions M B at_most (ranked_by rho S) (ranked_by rho A) (ranked_by rho L).
Proof.
  unfold level_or_before. intros (fit & stop).
  assert (fit' : forall rho, never_exceeds M B (ranked_by rho S ++ ranked_by rho A))
    by (intros rho; now rewrite <- map_app, never_exceeds_ranked).
  destruct stop as [->|(w & here & least & under & no)].
  - exists (map tag (A ++ [])). split; [reflexivity|]. intros rho _. split; [apply fit'|now left].
  - apply in_split in here as (a & b & shape). exists (map tag (A ++ w :: a ++ b)). split.
    { apply Permutation_map, Permutation_app_head. rewrite shape. apply Permutation_middle. }
    intros rho up. unfold rises in up. rewrite map_app in up.
    apply sorted_app in up as (_ & after & before).
    cbn in after. inversion_clear after as [|h t _ first]. rewrite Forall_forall in first.
    split; [apply fit'|]. right. exists (with_rank rho w). split; [|split; [|split]].
    + apply in_map. rewrite shape. apply in_app_iff. cbn. auto.
    + intros v' there. apply in_map_iff in there as (v & <- & there). apply at_most_spec. cbn.
      pose proof (proj1 (Z.leb_le _ _) (least v there)). rewrite shape in there.
      apply in_app_iff in there as [is|[<-|is]]; [|lia|];
        (assert (rho (tag w) < rho (tag v)); [|lia]); apply first, in_map, in_app_iff; auto.
    + intros y' there. apply in_map_iff in there as (y & <- & there). apply at_most_spec. cbn.
      pose proof (proj1 (Z.leb_le _ _) (under y there)).
      assert (rho (tag y) < rho (tag w)); [|lia]. apply before; [now apply in_map|now left].
    + change [with_rank rho w] with (ranked_by rho [w]).
      now rewrite <- !map_app, never_exceeds_ranked.
Qed.

(* A job with the rank of its request. *)
Definition own (j : job request) : Prop := rank j = rank_of (tag j).

(* What the order of places must have to do with the rankings that are allowed. *)
Record tie_rule (requests : list request) (allowed : ranking -> Prop)
  (le : job request -> job request -> bool) : Prop := TieRule {
  no_two_level : forall rho, allowed rho -> any_ranking requests rho;
  respected : forall rho x y, allowed rho -> own x -> own y ->
    at_most (with_rank rho x) (with_rank rho y) -> le x y = true;
  some_ranking : forall E S A L, NoDup (map tag (E ++ S) ++ map tag (A ++ L)) ->
    Forall own (E ++ S) -> Forall own (A ++ L) ->
    explains_evictions M B (fun x y => le x y = true) E S ->
    explains_admissions M B (fun x y => le x y = true) S A L -> exists rho, allowed rho /\
      explains_evictions M B at_most (ranked_by rho E) (ranked_by rho S) /\
      explains_admissions M B at_most (ranked_by rho S) (ranked_by rho A) (ranked_by rho L) }.

(* The evictions that a ranking explains, if it is allowed, the order of places explains. *)
Lemma evictions_by_places requests allowed le rho E S : tie_rule requests allowed le ->
  allowed rho -> Forall own (E ++ S) ->
  explains_evictions M B at_most (ranked_by rho E) (ranked_by rho S) ->
  explains_evictions M B (fun x y => le x y = true) E S.
Proof.
  intros rule ok own_R (fit & evicts). rewrite next_tokens_ranked in fit.
  rewrite Forall_forall in own_R. setoid_rewrite in_app_iff in own_R.
  pose proof (fun x y => respected _ _ _ rule rho x y ok) as weaker. split; [exact fit|].
  destruct evicts as [none|(e' & here & greatest & above & over)].
  - left. now apply map_eq_nil in none.
  - right. apply in_map_iff in here as (e & <- & here). exists e.
    change (with_rank rho e :: ranked_by rho S) with (ranked_by rho (e :: S)) in over.
    rewrite next_tokens_ranked in over. repeat split; auto; intros y there.
    + apply weaker; auto. apply greatest. now apply in_map.
    + apply weaker; auto. apply above. now apply in_map.
Qed.

(* So are the admissions. *)
Lemma admissions_by_places requests allowed le rho S A L : tie_rule requests allowed le ->
  allowed rho -> Forall own (A ++ L) ->
  explains_admissions M B at_most (ranked_by rho S) (ranked_by rho A) (ranked_by rho L) ->
  explains_admissions M B (fun x y => le x y = true) S A L.
Proof.
  intros rule ok own_W (fits & admits). rewrite <- map_app, never_exceeds_ranked in fits.
  rewrite Forall_forall in own_W. setoid_rewrite in_app_iff in own_W.
  pose proof (fun x y => respected _ _ _ rule rho x y ok) as weaker. split; [exact fits|].
  destruct admits as [none|(w' & here & least & under & no)].
  - left. now apply map_eq_nil in none.
  - right. apply in_map_iff in here as (w & <- & here). exists w.
    change [with_rank rho w] with (ranked_by rho [w]) in no.
    rewrite <- !map_app, never_exceeds_ranked in no. repeat split; auto; intros y there.
    + apply weaker; auto. apply least. now apply in_map.
    + apply weaker; auto. apply under. now apply in_map.
Qed.

(* Free ties: places are assumed lengths. *)
Lemma free_ties requests : NoDup requests ->
  tie_rule requests (any_ranking requests) level_or_before.
Proof.
  intros distinct. constructor; [auto| |].
  - intros rho x y _ _ _ order. apply at_most_spec in order. cbn in order.
    apply Z.leb_le. lia.
  - intros E S A L apart _ _ evicts admits.
    destruct (order_of_evictions E S evicts) as (o & all & for_E).
    destruct (order_of_admissions S A L admits) as (o' & all' & for_A).
    exists (position ((o ++ o') ++ requests)). split; [|].
    + apply position_ranks; [exact distinct|]. intros r here. apply in_app_iff. now right.
    + assert (up : rises (position ((o ++ o') ++ requests)) (o ++ o')).
      { apply position_rises. eapply Permutation_NoDup; [|exact apart]. symmetry.
        now apply Permutation_app. }
      apply sorted_app in up as (up & up' & _). split; [now apply for_E|now apply for_A].
Qed.

(* Given ties: places are assumed lengths and ranks. *)
Lemma given_ties requests : NoDup (map rank_of requests) ->
  tie_rule requests given_ranks not_after.
Proof.
  intros distinct.
  assert (same : forall rho j, given_ranks rho -> own j -> with_rank rho j = j).
  { intros rho [t p l r g] given is. unfold own, with_rank in *. cbn in *.
    now rewrite given, is. }
  constructor.
  - intros rho given. unfold any_ranking. now rewrite (map_ext _ _ given).
  - intros rho x y given own_x own_y order. rewrite !(same rho) in order by auto.
    unfold not_after. now rewrite order.
  - intros E S A L _ own_R own_W evicts admits. exists rank_of. split; [easy|].
    apply Forall_app in own_R as [own_E own_S]. apply Forall_app in own_W as [own_A own_L].
    assert (all : forall l, Forall own l -> map (with_rank rank_of) l = l).
    { intros l each. rewrite <- (map_id l) at 2. apply map_ext_in. intros j here.
      rewrite Forall_forall in each. apply same; [easy|auto]. }
    rewrite !all by assumption. unfold not_after in *.
    destruct evicts as (fit & [none|(e & here & greatest & above & over)]).
    + split; [split; auto|]. destruct admits as (fit' & [none'|(w & rest)]); split; auto.
      right. exists w. destruct rest as (here & least & under & no).
      repeat split; auto; intros y there; apply negb_true_iff; auto.
    + split.
      { split; [exact fit|]. right. exists e.
        repeat split; auto; intros y there; apply negb_true_iff; auto. }
      destruct admits as (fit' & [none'|(w & rest)]); split; auto.
      right. exists w. destruct rest as (here' & least & under & no).
      repeat split; auto; intros y there; apply negb_true_iff; auto.
Qed.
End Rankings.
