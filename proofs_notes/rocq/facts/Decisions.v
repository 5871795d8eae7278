(* What the relation of Spec.v says of lists of jobs: Lemma 3 of the book. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Spec.
From AminRef.facts Require Import Sums Lists Blocks.
Import ListNotations.
Open Scope Z_scope.

(* After step 2, j has generated all the tokens that were assumed. *)
Definition outlives {X} (j : job X) : bool := assumed j <=? generated j.

(* What every job of a run of the machine is like. *)
Definition counts {X} (j : job X) : Prop := 0 <= prompt j /\ 0 <= generated j.

Section Decisions.
Variables M B : Z.
Hypothesis some_block : 1 <= B.
Hypothesis some_capacity : 0 <= M.
Context {X : Type}.
Implicit Types (i j w x y : job X) (R W E S A L l m : list (job X)).

(* No job is below itself. *)
Lemma below_irreflexive x : below x x = false.
Proof. unfold below. now rewrite Z.eqb_refl, Z.ltb_irrefl. Qed.

(* The order in words of integers. *)
Lemma below_spec x y : below x y = true <->
  assumed x < assumed y \/ (assumed x = assumed y /\ rank x < rank y).
Proof.
  unfold below. destruct (Z.eqb_spec (assumed x) (assumed y)); rewrite Z.ltb_lt; lia.
Qed.

(* The order is transitive. *)
Lemma below_transitive x y z : below x y = true -> below y z = true -> below x z = true.
Proof. rewrite !below_spec. lia. Qed.

(* Of two jobs with different ranks one is below the other. *)
Lemma below_total x y : rank x <> rank y -> below x y = negb (below y x).
Proof.
  intros differ. destruct (below x y) eqn:xy, (below y x) eqn:yx; auto; exfalso;
    [rewrite below_spec in xy, yx|apply not_true_iff_false in xy, yx; rewrite below_spec in xy,
      yx]; lia.
Qed.

(* What a job will hold is not negative. *)
Lemma will_hold_nonneg k j : counts j -> 0 <= k -> 0 <= will_hold B k j.
Proof.
  intros [prompt_nonneg generated_nonneg] later. unfold will_hold. rewrite whole_blocks_occ by
    exact some_block.
  apply occ_nonneg; [exact some_block|]. lia.
Qed.

(* A plan does not depend on the order of the jobs. *)
Lemma as_assumed_perm k l m : Permutation l m -> as_assumed B k l = as_assumed B k m.
Proof. intros same. apply sum_perm. now apply filter_perm. Qed.

(* Nor do the next tokens. *)
Lemma next_tokens_perm l m : Permutation l m -> next_tokens B l = next_tokens B m.
Proof. apply sum_perm. Qed.

(* The plan of two lists in a row. *)
Lemma as_assumed_app k l m : as_assumed B k (l ++ m) = as_assumed B k l + as_assumed B k m.
Proof. unfold as_assumed. now rewrite filter_app, sum_app. Qed.

(* A plan is not negative. *)
Lemma as_assumed_nonneg k l : Forall counts l -> 0 <= k -> 0 <= as_assumed B k l.
Proof.
  intros all later. apply sum_nonneg. intros j here. apply filter_In in here as [here _].
  apply will_hold_nonneg; [|exact later]. now rewrite Forall_forall in all; apply all.
Qed.

(* A plan as a sum over all jobs. *)
Lemma as_assumed_sum k l :
  as_assumed B k l = sum (fun j => if k <? more_tokens j then will_hold B k j else 0) l.
Proof. apply sum_filter. Qed.

(* Fewer jobs, smaller plan. *)
Lemma as_assumed_part k p l :
  Forall counts l -> 0 <= k -> as_assumed B k (filter p l) <= as_assumed B k l.
Proof.
  intros all later. rewrite !as_assumed_sum. apply sum_filter_le. intros j here.
  destruct (_ <? _); [|lia]. apply will_hold_nonneg; [|exact later]. now rewrite Forall_forall in
    all; apply all.
Qed.

(* A job is assumed to generate at least one more token. *)
Lemma more_tokens_pos j : 1 <= more_tokens j.
Proof. unfold more_tokens. destruct (Z.ltb_spec (generated j) (assumed j)); lia. Qed.

(* The next tokens are the plan of this very round. *)
Lemma next_tokens_now l : next_tokens B l = as_assumed B 0 l.
Proof.
  unfold next_tokens, as_assumed. rewrite filter_all; [reflexivity|]. intros j _.
  pose proof (more_tokens_pos j). apply Z.ltb_lt. lia.
Qed.

(* Step 2 in words of integers. *)
Lemma learnt_assumed j : assumed (learnt j) = Z.max (assumed j) (generated j).
Proof. unfold learnt. cbn. destruct (Z.ltb_spec (assumed j) (generated j)); lia. Qed.

(* In later rounds, the plan leaves out those that outlive their length. *)
Lemma later_plan k l : 1 <= k ->
  as_assumed B k l = as_assumed B k (filter (fun j => negb (outlives j)) l).
Proof.
  intros later. rewrite !as_assumed_sum, sum_filter. apply sum_ext. intros j _.
  unfold outlives, more_tokens. destruct (Z.leb_spec (assumed j) (generated j)); cbn [negb];
    [|reflexivity].
  destruct (Z.ltb_spec (generated j) (assumed j)); [lia|].
  destruct (Z.ltb_spec k 1); [lia|reflexivity].
Qed.

(* Those that stay after step 3 fit with their next tokens. *)
Lemma stay_together R W E S A L : decision M B R W E S A L -> Forall counts (E ++ S) ->
  next_tokens B S <= M.
Proof.
  intros D all. destruct S as [|x0 S0] eqn:shape; [exact some_capacity|]. rewrite <- shape in *.
  destruct (least_exists below S) as (x & here & least);
    [exact below_irreflexive|exact below_transitive|now rewrite shape|].
  pose proof (stays_fits _ _ _ _ _ _ _ _ D) as fit. rewrite Forall_forall in fit.
  specialize (fit x here). unfold not_below in fit. rewrite filter_app, (filter_all _ S) in fit
    by (intros y there; now rewrite least).
  rewrite !next_tokens_now, as_assumed_app in *. apply Forall_app in all as [all_evicted _].
  pose proof (as_assumed_nonneg 0 _ (filter_forall _ (fun y => negb (below y x)) _ all_evicted)
    (Z.le_refl 0)).
  lia.
Qed.

(* Those that are admitted fit together beside those that stay. *)
Lemma admitted_together R W E S A L : decision M B R W E S A L -> Forall counts (A ++ L) ->
  never_exceeds M B S -> never_exceeds M B (S ++ A).
Proof.
  intros D all fit_without. destruct A as [|w0 A0] eqn:shape; [now rewrite app_nil_r|].
  rewrite <- shape in *.
  destruct (least_exists (fun x y => below y x) A) as (w & here & greatest);
    [exact below_irreflexive|intros x y z yx zy; exact (below_transitive _ _ _ zy yx)|now rewrite
      shape|].
  pose proof (admitted_fits _ _ _ _ _ _ _ _ D) as fit. rewrite Forall_forall in fit.
  specialize (fit w here). unfold not_above in fit. rewrite filter_app, (filter_all _ A) in fit
    by (intros y there; now rewrite greatest).
  intros k later. specialize (fit k later). rewrite !as_assumed_app in *.
  apply Forall_app in all as [_ all_left].
  pose proof (as_assumed_nonneg k _ (filter_forall _ (fun v => negb (below w v)) _ all_left)
    later). lia.
Qed.

(* Lemma 3 (a) after step 3: if the plan of those that do not outlive fits, then those that stay
   fit. *)
Lemma stay_fit R W E S A L : decision M B R W E S A L -> Forall counts (E ++ S) ->
  (forall k, 1 <= k -> as_assumed B k (filter (fun j => negb (outlives j)) (map learnt R)) <= M) ->
  never_exceeds M B S.
Proof.
  intros D all planned k later. destruct (Z.eq_dec k 0) as [->|not_now].
  - rewrite <- next_tokens_now. eapply stay_together; eassumption.
  - specialize (planned k ltac:(lia)). rewrite <- later_plan in planned by lia.
    rewrite (as_assumed_perm _ _ _ (all_running _ _ _ _ _ _ _ _ D)), as_assumed_app in planned.
    apply Forall_app in all as [all_evicted _].
    pose proof (as_assumed_nonneg k E all_evicted later). lia.
Qed.

(* If no job at or above y outlives, the next tokens of these jobs fit. *)
Lemma without_outliving l m :
  Forall counts m -> as_assumed B 0 (filter (fun j => negb (outlives j)) m) <= M ->
  (exists p, Permutation l (filter p m)) -> Forall (fun j => outlives j = false) l ->
  next_tokens B l <= M.
Proof.
  intros all planned [p part] none. rewrite next_tokens_now, (as_assumed_perm _ _ _ part).
  assert (none' : Forall (fun j => outlives j = false) (filter p m)) by (eapply
    Permutation_Forall; eassumption).
  rewrite Forall_forall in none'. etransitivity; [|exact planned].
  rewrite <- (filter_all (fun j => negb (outlives j)) (filter p m)) by (intros j here; now rewrite
    none').
  rewrite !as_assumed_sum, !sum_filter. apply sum_le. intros j here. rewrite Forall_forall in all.
  pose proof (will_hold_nonneg 0 j (all j here) (Z.le_refl 0)).
  destruct (p j), (negb (outlives j)), (0 <? more_tokens j); lia.
Qed.
End Decisions.

Section Next.
Variable B : Z.
Hypothesis some_block : 1 <= B.

(* What a job that does not outlive adds to the plan of the next round was there in this round. *)
Lemma part_moves_on k (j : job request) : counts j -> 0 <= k ->
  (if negb (outlives (learnt (one_more j))) then
     if k <? more_tokens (learnt (one_more j)) then will_hold B k (learnt (one_more j)) else 0
   else 0)
  <= if k + 1 <? more_tokens j then will_hold B (k + 1) j else 0.
Proof.
  intros all later. pose proof (will_hold_nonneg B some_block (k + 1) j all ltac:(lia)) as nonneg.
  unfold outlives. rewrite learnt_assumed. cbn [one_more assumed generated learnt].
  destruct (Z.leb_spec (Z.max (assumed j) (generated j + 1)) (generated j + 1)) as [out|stays];
    cbn [negb].
  - destruct (_ <? _); lia.
  - assert (more : more_tokens (learnt (one_more j)) = more_tokens j - 1).
    { unfold more_tokens. rewrite learnt_assumed. cbn [one_more assumed generated learnt].
      destruct (Z.ltb_spec (generated j + 1) (Z.max (assumed j) (generated j + 1))),
        (Z.ltb_spec (generated j) (assumed j)); lia. }
    assert (same : will_hold B k (learnt (one_more j)) = will_hold B (k + 1) j).
    { unfold will_hold. cbn [one_more prompt generated learnt]. f_equal. lia. }
    rewrite more, same. destruct (Z.ltb_spec k (more_tokens j - 1)), (Z.ltb_spec (k + 1)
      (more_tokens j)); lia.
Qed.

(* Lemma 3 (b): from a round to the next, the plan moves on. *)
Lemma plan_moves_on M S (l : list (job request)) k :
  Forall counts S -> never_exceeds M B S -> 0 <= k -> (exists m, Permutation (map one_more S) (m
    ++ l)) ->
  as_assumed B k (filter (fun j => negb (outlives j)) (map learnt l)) <= M.
Proof.
  intros all fit later [m parts].
  set (value := fun j : job request => if negb (outlives j) then
    if k <? more_tokens j then will_hold B k j else 0 else 0).
  assert (value_nonneg : forall j, In j (map one_more S) -> 0 <= value (learnt j)).
  { intros j here. apply in_map_iff in here as (i & <- & here). rewrite Forall_forall in all.
    destruct (all i here) as [prompt_nonneg generated_nonneg].
    unfold value. destruct (negb _); [|lia]. destruct (_ <? _); [|lia].
    apply will_hold_nonneg; [exact some_block| |exact later]. split; cbn; lia. }
  assert (whole : sum value (map learnt l) <= sum value (map learnt (map one_more S))).
  { rewrite !sum_map. rewrite <- (sum_map (fun j => value (learnt j)) one_more), (sum_perm _ _ _
      parts), sum_app.
    enough (0 <= sum (fun j => value (learnt j)) m) by lia. apply sum_nonneg. intros j here.
    apply value_nonneg. eapply Permutation_in; [symmetry; exact parts|]. apply in_app_iff. auto. }
  rewrite as_assumed_sum, sum_filter. etransitivity; [exact whole|]. rewrite !sum_map.
  specialize (fit (k + 1) ltac:(lia)). rewrite as_assumed_sum in fit. etransitivity; [|exact fit].
  apply sum_le. intros j here. rewrite Forall_forall in all. now apply part_moves_on; auto.
Qed.
End Next.
