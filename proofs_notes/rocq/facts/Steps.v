(* The program's steps 2 to 4 do what the relation says. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order.
Import ListNotations.
Open Scope Z_scope.

(* `all_below` looks at all numbers below its bound. *)
Lemma all_below_spec p n : all_below p n = true <-> forall k, 0 <= k < Z.of_nat n -> p k = true.
Proof.
  induction n as [|n IH]; [split; [lia|reflexivity]|].
  cbn [all_below]. rewrite andb_true_iff, IH. split.
  - intros [last all] k range. destruct (Z.eq_dec k (Z.of_nat n)); [congruence|]. apply all. lia.
  - intros all. split; [apply all; lia|]. intros k range. apply all. lia.
Qed.

Section Steps.
Variables M B : Z.
Hypothesis some_block : 1 <= B.
Context {X : Type}.
Implicit Types (j x w : job X) (l R W E S A L : list (job X)).

(* Step 2 in both wordings. *)
Lemma refine_learnt j : refine j = learnt j.
Proof.
  unfold refine, learnt. f_equal. destruct (Z.ltb_spec (assumed j) (generated j)); lia.
Qed.

(* The assumed number of further tokens in both wordings. *)
Lemma remaining_more j : remaining j = more_tokens j.
Proof.
  unfold remaining, more_tokens. destruct (Z.ltb_spec (generated j) (assumed j)); lia.
Qed.

(* The plan in both wordings. *)
Lemma plan_as_assumed k l : plan B l k = as_assumed B k l.
Proof.
  rewrite as_assumed_sum. apply sum_ext. intros j _.
  unfold part, will_occupy, outlook, will_hold. cbn [fst snd].
  rewrite remaining_more, whole_blocks_occ by exact some_block.
  destruct (_ <? _); [f_equal; lia|reflexivity].
Qed.

(* The next tokens in both wordings. *)
Lemma overflows_spec l : overflows M B l = true <-> M < next_tokens B l.
Proof.
  unfold overflows, next_tokens. rewrite Z.ltb_lt. rewrite (sum_ext (next_token B) (will_hold B 0)
    l); [easy|].
  intros j _. unfold next_token, will_hold. rewrite whole_blocks_occ by exact some_block. f_equal.
    lia.
Qed.

(* The first stop is not after that of j. *)
Lemma first_stop_range R j : 1 <= first_stop (map outlook R) j <= remaining j.
Proof.
  unfold first_stop. induction R as [|i R IH]; cbn; unfold remaining in *; lia.
Qed.

(* The program's test is that of every round, whichever it begins with. *)
Lemma fits_as_planned R j : fits M B R j =
  all_below (fun k => plan B R k + part B k j <=? M) (Z.to_nat (remaining j)).
Proof.
  assert (same : forall k, sum (will_occupy B k) (map outlook R) + will_occupy B k (outlook j) =
    plan B R k + part B k j) by (intros k; unfold plan; now rewrite sum_map).
  unfold fits. apply eq_true_iff_eq. rewrite andb_true_iff, !all_below_spec. split.
  - intros [_ all] k range. rewrite <- same. now apply all.
  - intros all. split; [|intros k range; rewrite same; now apply all].
    rewrite same. apply all. pose proof (first_stop_range R j) as [least most]. lia.
Qed.

(* Lemma 2: the program's test of one job is whether all fit. *)
Lemma fits_spec R j : never_exceeds M B R -> (fits M B R j = true <-> never_exceeds M B (R ++ [j])).
Proof.
  intros fit. rewrite fits_as_planned, all_below_spec.
  assert (one : forall k, as_assumed B k (R ++ [j]) = plan B R k + part B k j).
  { intros k. rewrite as_assumed_app, <- !plan_as_assumed. unfold plan. cbn. lia. }
  split.
  - intros all k later. rewrite one, plan_as_assumed. specialize (fit k later).
    destruct (Z.lt_ge_cases k (remaining j)) as [inside|after].
    + specialize (all k). rewrite Z.leb_le, plan_as_assumed in all. lia.
    + unfold part, will_occupy, outlook. cbn [fst]. destruct (Z.ltb_spec k (remaining j)); lia.
  - intros all k range. apply Z.leb_le. rewrite <- one. apply all. lia.
Qed.

(* Step 3: the first suffix that fits stays. *)
Lemma evict_spec l E S : 0 <= M -> evict M B l = (E, S) -> l = E ++ S /\ next_tokens B S <= M /\
  forall a x b, E = a ++ x :: b -> M < next_tokens B (x :: b ++ S).
Proof.
  intros capacity. revert E S. induction l as [|j l IH]; cbn [evict]; intros E S step.
  - injection step as <- <-. repeat split; [exact capacity|]. now intros [|y a].
  - destruct (overflows M B (j :: l)) eqn:over.
    + destruct (evict M B l) as [E' S'] eqn:rest. injection step as <- <-.
      destruct (IH _ _ eq_refl) as (-> & fit & needed). repeat split; [exact fit|].
      intros [|y a] x b shape; cbn in shape; injection shape as -> ->.
      * now apply overflows_spec.
      * now apply (needed a).
    + injection step as <- <-. repeat split.
      * apply not_true_iff_false in over. rewrite overflows_spec in over. lia.
      * now intros [|y a].
Qed.

(* Step 4: the prefix before the first that does not fit is admitted. *)
Lemma admit_spec W R R' L : never_exceeds M B R -> admit M B R W = (R', L) ->
  exists A, W = A ++ L /\ Permutation R' (R ++ A) /\ never_exceeds M B (R ++ A) /\
    forall w l, L = w :: l -> ~ never_exceeds M B (R ++ A ++ [w]).
Proof.
  revert R. induction W as [|w W IH]; cbn [admit]; intros R fit step.
  - injection step as <- <-. exists []. rewrite !app_nil_r.
    split; [reflexivity|]. split; [reflexivity|]. split; [exact fit|]. discriminate.
  - destruct (fits M B R w) eqn:here.
    + apply fits_spec in here; [|exact fit].
      assert (swap : Permutation (w :: R) (R ++ [w])) by apply Permutation_cons_append.
      destruct (IH (w :: R)) as (A & -> & same & fit' & stop); [|exact step|].
      { intros k later. rewrite (as_assumed_perm B _ _ _ swap). auto. }
      exists (w :: A). rewrite swap, <- app_assoc in same. repeat split; [exact same| |].
      * intros k later. specialize (fit' k later). revert fit'. cbn [app].
        rewrite (as_assumed_perm B k (w :: R ++ A) (R ++ w :: A)); [auto|apply Permutation_middle].
      * intros v l shape all. apply (stop v l shape). intros k later. specialize (all k later).
        revert all. cbn [app].
        rewrite (as_assumed_perm B k (R ++ w :: A ++ [v]) (w :: R ++ A ++ [v])); [auto|].
        symmetry. apply Permutation_middle.
    + injection step as <- <-. exists []. rewrite !app_nil_r.
      split; [reflexivity|]. split; [reflexivity|]. split; [exact fit|]. intros v l shape.
        injection shape as -> _. rewrite app_nil_l, <- fits_spec by exact fit. congruence.
Qed.

(* If the plan of a list fits, so does that of its first part. *)
Lemma fits_before l m : Forall counts m -> never_exceeds M B (l ++ m) -> never_exceeds M B l.
Proof.
  intros counted fit k later. specialize (fit k later). rewrite as_assumed_app in fit.
  pose proof (as_assumed_nonneg B some_block k m counted later). lia.
Qed.

(* Step 3 on a list in ascending order. *)
Lemma evict_ascending l E S : 0 <= M -> Forall counts l -> ascending l -> evict M B l = (E, S) ->
  l = E ++ S /\ next_tokens B S <= M /\
  Forall (fun x => M < next_tokens B (not_below x (E ++ S))) E /\
  Forall (fun x => next_tokens B (not_below x (E ++ S)) <= M) S.
Proof.
  intros capacity counted sorted step. destruct (evict_spec l E S capacity step) as (-> & fit &
    needed).
  repeat split; auto; apply Forall_forall; intros x here; apply in_split in here as (a & b & shape).
  - specialize (needed a x b shape). rewrite shape, <- app_assoc in *. cbn [app] in *.
    now rewrite not_below_here.
  - rewrite shape, app_assoc in sorted |- *. rewrite not_below_here by exact sorted.
    rewrite shape, !Forall_app in counted. destruct counted as (_ & some & _). rewrite shape in fit.
    rewrite !next_tokens_now, as_assumed_app in *.
    pose proof (as_assumed_nonneg B some_block 0 a some (Z.le_refl 0)). lia.
Qed.

(* A prefix of a queue in ascending order that fits, and after which the next does not fit, is what
   the relation admits. *)
Lemma prefix_ascending R A L : Forall counts (A ++ L) -> ascending (A ++ L) ->
  never_exceeds M B (R ++ A) ->
  (forall w l, L = w :: l -> ~ never_exceeds M B (R ++ A ++ [w])) ->
  Forall (fun w => never_exceeds M B (R ++ not_above w (A ++ L))) A /\
  Forall (fun w => ~ never_exceeds M B (R ++ not_above w (A ++ L))) L.
Proof.
  intros counted sorted fit stop.
  split; apply Forall_forall; intros w here; apply in_split in here as (a & b & shape).
  - rewrite shape, <- app_assoc in *. cbn [app] in *. rewrite not_above_here by exact sorted.
    apply (fits_before _ b); [now rewrite !Forall_app, Forall_cons_iff, Forall_app in counted|].
    rewrite <- !app_assoc. exact fit.
  - rewrite shape, app_assoc in sorted |- *. rewrite not_above_here by exact sorted. intros all.
    rewrite shape, !Forall_app, Forall_cons_iff in counted. destruct counted as (_ & some & one &
      _).
    destruct a as [|v a]; cbn in shape; [apply (stop _ _ shape); now rewrite app_nil_r in all|].
    apply (stop _ _ shape). apply (fits_before _ (a ++ [w])).
    + apply Forall_cons_iff in some as [_ some]. apply Forall_app. auto.
    + rewrite <- !app_assoc in *. exact all.
Qed.

(* Step 4 on a queue in ascending order. *)
Lemma admit_ascending W R R' L : Forall counts W -> never_exceeds M B R -> ascending W ->
  admit M B R W = (R', L) -> exists A, W = A ++ L /\ Permutation R' (R ++ A) /\
    Forall (fun w => never_exceeds M B (R ++ not_above w (A ++ L))) A /\
    Forall (fun w => ~ never_exceeds M B (R ++ not_above w (A ++ L))) L.
Proof.
  intros counted fit sorted step. destruct (admit_spec W R R' L fit step) as (A & -> & same & fit'
    & stop).
  exists A. split; [reflexivity|]. split; [exact same|]. now apply prefix_ascending.
Qed.

(* Steps 2 to 4 together are a decision of the relation. *)
Lemma amin_steps_decision R W E R' L : 0 <= M -> Forall counts R -> Forall counts W ->
  (forall k, 1 <= k -> as_assumed B k (filter (fun j => negb (outlives j)) (map learnt R)) <= M) ->
  NoDup (map rank R) -> ascending W -> amin_steps M B R W = (E, R', L) ->
  exists S A, decision M B R W E S A L /\ Permutation R' (S ++ A) /\ W = A ++ L.
Proof.
  intros capacity counted_R counted_W planned distinct sorted. unfold amin_steps.
  set (l := insert_all precedes (map refine R) []).
  destruct (evict M B l) as [E0 S] eqn:step_3. destruct (admit M B S W) as [R0 L0] eqn:step_4.
  injection 1 as <- <- <-.
  assert (same : Permutation l (map learnt R)).
  { unfold l. now rewrite insert_all_perm, app_nil_r, (map_ext _ _ refine_learnt). }
  assert (counted : Forall counts (map learnt R)) by (now apply Forall_map).
  assert (counted_l : Forall counts l) by (eapply Permutation_Forall; [symmetry|]; eassumption).
  destruct (evict_ascending l E0 S capacity counted_l) as (shape & fit & needed & enough); auto.
  { apply strictly; [apply insert_all_in_order; constructor|].
    eapply Permutation_NoDup; [symmetry; apply Permutation_map, same|]. now rewrite map_map. }
  assert (fits_now : never_exceeds M B S).
  { rewrite shape in *. intros k later. apply Forall_app in counted_l as [counted_E _].
    destruct (Z.eq_dec k 0) as [->|not_now]; [now rewrite <- next_tokens_now|].
    specialize (planned k ltac:(lia)). rewrite <- later_plan in planned by lia.
    rewrite <- (as_assumed_perm B k _ _ same), as_assumed_app in planned.
    pose proof (as_assumed_nonneg B some_block k E0 counted_E later). lia. }
  destruct (admit_ascending W S R0 L0 counted_W fits_now sorted step_4) as (A & cut & same' & yes
    & no).
  exists S, A. repeat split; auto.
  - rewrite <- shape. now symmetry.
  - now rewrite cut.
Qed.
End Steps.
