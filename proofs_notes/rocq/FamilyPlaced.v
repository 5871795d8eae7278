(* The family is a sane instance, and its placement is a first fit: so Amin starts as placed. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Spec Safety FamilyStarts Family FamilyFits.
From AminRef.facts Require Import Sums Lists.
Import ListNotations.
Open Scope Z_scope.

(* Equal elements in two parts. *)
Lemma many_add {A} a b (e : A) : 0 <= a -> 0 <= b -> many (a + b) e = many a e ++ many b e.
Proof. intros some more. unfold many. now rewrite Z2Nat.inj_add, repeat_app by lia. Qed.

(* An image of equal elements. *)
Lemma map_many {A C} (g : A -> C) n e : map g (many n e) = many n (g e).
Proof. unfold many. induction (Z.to_nat n) as [|k IH]; cbn; congruence. Qed.

(* An image of lists in a row. *)
Lemma map_flat_map {A C D} (g : C -> D) (h : A -> list C) l :
  map g (flat_map h l) = flat_map (fun a => map g (h a)) l.
Proof. induction l as [|a l IH]; cbn; [reflexivity|]. now rewrite map_app, IH. Qed.

(* The requests of starts and outputs, with ranks from i on. *)
Fixpoint place (s u i : Z) (l : list (Z * Z)) : list placed :=
  match l with
  | [] => []
  | p :: later => (fst p, Request i s (snd p) 1 (Some u) 0 i) :: place s u (i + 1) later
  end.

(* It is the same in two steps. *)
Lemma place_numbered s u i l : combine (map fst l) (numbered s u i (map snd l)) = place s u i l.
Proof. revert i. induction l as [|p l IH]; intros i; cbn; [reflexivity|]. now rewrite IH. Qed.

(* The requests without their starts. *)
Lemma place_requests s u i l : map snd (place s u i l) = numbered s u i (map snd l).
Proof. revert i. induction l as [|p l IH]; intros i; cbn; [reflexivity|]. now rewrite IH. Qed.

(* What a placed request looks like. *)
Lemma in_place s u i l q : In q (place s u i l) -> exists p k, In p l /\ i <= k /\
  q = (fst p, Request k s (snd p) 1 (Some u) 0 k).
Proof.
  revert i. induction l as [|p l IH]; intros i; cbn [place In]; [easy|].
  intros [<-|here]; [exists p, i; repeat split; [now left|lia]|].
  destruct (IH _ here) as (p' & k & there & more & ->). exists p', k.
  repeat split; [now right|lia].
Qed.

(* What a numbered request looks like. *)
Lemma in_numbered s u i l r : In r (numbered s u i l) -> exists o k, In o l /\ i <= k /\
  r = Request k s o 1 (Some u) 0 k.
Proof.
  revert i. induction l as [|o l IH]; intros i; cbn [numbered In]; [easy|].
  intros [<-|here]; [exists o, i; repeat split; [now left|lia]|].
  destruct (IH _ here) as (o' & k & there & more & ->). exists o', k.
  repeat split; [now right|lia].
Qed.

(* Numbers are distinct. *)
Lemma numbered_distinct s u i l : NoDup (map id (numbered s u i l)) /\
  NoDup (map rank_of (numbered s u i l)).
Proof.
  revert i. induction l as [|o l IH]; intros i; cbn; [split; constructor|].
  destruct (IH (i + 1)) as [ids ranks].
  split; constructor; auto; intros here; apply in_map_iff in here as (r & same & here);
    apply in_numbered in here as (o' & k & _ & more & ->); cbn in same; lia.
Qed.

(* If starts do not fall, earlier starts have lower ranks. *)
Lemma place_by_rank s u i l p q : StronglySorted (fun a b => fst a <= fst b) l ->
  In p (place s u i l) -> In q (place s u i l) -> fst p < fst q ->
  rank_of (snd p) < rank_of (snd q).
Proof.
  intros sorted. revert i. induction sorted as [|a l _ IH first]; intros i; cbn [place In];
    [easy|].
  rewrite Forall_forall in first.
  intros [<-|here] [<-|there] earlier; [lia| | |exact (IH _ here there earlier)].
  - apply in_place in there as (b & k & _ & more & ->). cbn. lia.
  - apply in_place in here as (b & k & here & _ & ->). specialize (first b here). cbn in *. lia.
Qed.

(* Two lists in order, the first of which comes first. *)
Lemma sorted_both {A} (R : A -> A -> Prop) a b : StronglySorted R a -> StronglySorted R b ->
  (forall y z, In y a -> In z b -> R y z) -> StronglySorted R (a ++ b).
Proof.
  induction 1 as [|y a _ IH first]; cbn; intros sorted across; [exact sorted|]. constructor.
  - apply IH; auto.
  - apply Forall_app. split; [exact first|]. apply Forall_forall. auto.
Qed.

(* Starts that are all the same. *)
Lemma sorted_same (l : list (Z * Z)) t : (forall p, In p l -> fst p = t) ->
  StronglySorted (fun a b => fst a <= fst b) l.
Proof.
  induction l as [|p l IH]; intros same; constructor.
  - apply IH. intros q here. apply same. now right.
  - apply Forall_forall. intros q here. rewrite (same p), (same q); [lia|now right|now left].
Qed.

(* Starts at one number after the other. *)
Lemma sorted_numbers (h : Z -> list (Z * Z)) from n :
  (forall t p, In p (h t) -> fst p = t) ->
  StronglySorted (fun a b => fst a <= fst b) (flat_map h (numbers from n)).
Proof.
  intros at_t. unfold numbers. generalize 0%nat. induction (Z.to_nat n) as [|k IH]; intros j;
    cbn [seq map flat_map]; [constructor|].
  apply sorted_both; [eapply sorted_same; apply at_t|apply IH|]. intros y z here there.
  apply in_flat_map in there as (t & step & there). apply in_map_iff in step as (i & <- & step).
  apply in_seq in step. rewrite (at_t _ _ here), (at_t _ _ there). lia.
Qed.

Section Placed.
Variables s u c K m : Z.
Hypothesis some_prompt : 1 <= s.
Hypothesis two_lengths : 2 <= u.
Hypothesis some_room : 1 <= c.
Hypothesis some_long : 0 <= K.
Hypothesis some_short : 0 <= m.
Notation M := (cache s u c). Notation T := (horizon u c K). Notation starts := (starts s u c K m).

(* The K requests of length u, c in each round. *)
Lemma long_in_rounds n : 0 <= n ->
  flat_map (fun _ => many c u) (numbers u n) = many (c * n) u.
Proof.
  intros some. rewrite <- (Z2Nat.id n some). induction (Z.to_nat n) as [|k IH].
  - now rewrite Z.mul_0_r.
  - replace (Z.of_nat (S k)) with (Z.of_nat k + 1) by lia.
    rewrite numbers_more, flat_map_app, IH by lia. cbn [flat_map]. rewrite app_nil_r, <- many_add
      by lia. f_equal. lia.
Qed.

(* The placed outputs are the outputs of the family. *)
Lemma starts_outputs : map snd starts = outputs s u c K m.
Proof.
  unfold Family.starts, outputs. rewrite !map_app, !map_flat_map, !map_many. cbn [snd].
  rewrite (flat_map_ext (fun t => map snd (many c (t, u))) (fun _ => many c u))
    by (intros t; now rewrite map_many).
  rewrite (flat_map_ext (fun t => map snd (many c (t, u) ++ many (filling s u c t) (t, 1)))
    (fun t => many c u ++ many (filling s u c t) 1)) by (intros t; now rewrite map_app, !map_many).
  rewrite (flat_map_ext (fun t => map snd (many _ (0, t)))
    (fun t => many (surviving s u c (t - 1) - surviving s u c t) t)) by (intros t;
      now rewrite map_many).
  rewrite long_in_rounds by (apply Z.div_pos; lia). do 2 f_equal.
  rewrite <- many_add by (try apply Z.mod_pos_bound; try (pose proof (Z.div_pos K c)); nia).
  rewrite <- Z.div_mod by lia. reflexivity.
Qed.

(* The placement in one step. *)
Lemma placement_place : placement s u c K m = place s u 0 starts.
Proof.
  unfold placement, family. rewrite <- starts_outputs. apply place_numbered.
Qed.

(* Each start is between 0 and the horizon, each output between 1 and u. *)
Lemma in_starts p : In p starts -> 0 <= fst p <= T /\ 1 <= snd p <= u.
Proof.
  assert (0 <= K / c) by (apply Z.div_pos; lia). unfold horizon, Family.starts.
  rewrite !in_app_iff, !in_flat_map. intros [[here|here]|[here|[[here|here]|here]]].
  - destruct here as (t & range & here). apply in_numbers in range. apply in_many in here as ->.
    cbn. lia.
  - apply in_many in here as ->. cbn. lia.
  - destruct here as (t & range & here). apply in_numbers in range.
    apply in_app_iff in here as [here|here]; apply in_many in here as ->; cbn; lia.
  - destruct here as (t & range & here). apply in_numbers in range. apply in_many in here as ->.
    cbn. lia.
  - apply in_many in here as ->. cbn. unfold horizon. lia.
  - apply in_many in here as ->. cbn. unfold horizon. lia.
Qed.

(* Starts do not fall. *)
Lemma starts_sorted : StronglySorted (fun a b => fst a <= fst b) starts.
Proof.
  assert (0 <= K / c) by (apply Z.div_pos; lia).
  assert (at_t : forall t n o p, In p (many n (t, o) : list (Z * Z)) -> fst p = t)
    by (intros t n o p here; apply in_many in here; now rewrite here).
  assert (block_0 : forall p, In p (flat_map (fun t => many (surviving s u c (t - 1) - surviving s
    u c t) (0, t))
    (numbers 1 (u - 1)) ++ many c (0, u)) -> fst p = 0).
  { intros p. rewrite in_app_iff, in_flat_map. intros [(t & _ & here)|here]; eauto. }
  assert (middle : forall t p, In p (many c (t, u) ++ many (filling s u c t) (t, 1)) -> fst p = t)
    by (intros t p; rewrite in_app_iff; intros [here|here]; eauto).
  assert (range : forall (h : Z -> list (Z * Z)) from n p,
    (forall t q, In q (h t) -> fst q = t) -> In p (flat_map h (numbers from n)) ->
    from <= fst p < from + n).
  { intros h from n p at_h here. apply in_flat_map in here as (t & here & there).
    apply in_numbers in here. now rewrite (at_h t p there). }
  assert (late : forall p, In p (many (K mod c) (T, u)) \/ In p (many m (T, 1)) -> fst p = T)
    by (intros p [here|here]; eauto).
  unfold Family.starts. apply sorted_both; [eapply sorted_same, block_0|apply sorted_both|].
  - now apply sorted_numbers.
  - apply sorted_both; [apply sorted_both|eapply sorted_same; eauto|].
    + apply sorted_numbers. eauto.
    + eapply sorted_same; eauto.
    + intros y z here there. apply range in here; [|eauto]. rewrite (late z) by auto.
      unfold horizon. lia.
    + intros y z here there. rewrite (late z) by auto. apply in_app_iff in here as [here|here].
      * apply range in here; [|eauto]. unfold horizon. lia.
      * rewrite (late y); auto. lia.
  - intros y z here there. apply range in here; [|exact middle].
    rewrite !in_app_iff in there. destruct there as [[there|there]|there].
    + apply range in there; [lia|eauto].
    + rewrite (late z) by auto. unfold horizon. lia.
    + rewrite (late z) by auto. unfold horizon. lia.
  - intros y z here there. rewrite (block_0 y here).
    apply (in_starts z). unfold Family.starts. apply in_app_iff. now right.
Qed.

(* A whole run fits. *)
Lemma whole_fits : s + u <= M.
Proof.
  unfold cache. replace (vol s u) with (vol s (u - 1 + 1)) by (f_equal; lia). rewrite v_step.
  pose proof (v_mono s some_prompt 0 (u - 1) ltac:(lia)). rewrite v_zero in *. nia.
Qed.

(* The family is a sane instance. *)
Theorem family_sane : sane_instance M 1 (family s u c K m).
Proof.
  pose proof whole_fits. constructor; try lia.
  - apply Forall_forall. intros r here. apply in_numbered in here as (o & k & here & low & ->).
    rewrite <- starts_outputs in here. apply in_map_iff in here as (p & <- & here).
    apply in_starts in here as [_ range].
    constructor; cbn [prompt_len output_len lower upper arrival]; try lia.
    + intros b same. injection same as <-. lia.
    + unfold occ. rewrite Z.div_1_r. lia.
  - apply numbered_distinct.
  - apply numbered_distinct.
Qed.

(* What the placed requests take, without their requests. *)
Lemma takes_taken t i l : sum (takes t) (place s u i l) = sum (taken s t) l.
Proof. revert i. induction l as [|p l IH]; intros i; cbn; [reflexivity|]. now rewrite IH. Qed.

(* The placement is a first fit up to the horizon. *)
Theorem placement_fits : first_fit M (family s u c K m) (placement s u c K m) T.
Proof.
  rewrite placement_place. constructor.
  - apply Forall_forall. intros r here. apply in_numbered in here as (o & k & _ & _ & ->).
    now split.
  - rewrite place_requests, starts_outputs. reflexivity.
  - apply Forall_forall. intros p here. apply in_place in here as (q & k & here & _ & ->).
    now apply in_starts.
  - intros p q here there earlier. exact (place_by_rank s u 0 starts p q starts_sorted here there
      earlier).
  - intros t range. rewrite takes_taken. now apply starts_fill.
  - intros t q range here _. rewrite takes_taken.
    apply in_place in here as (p & k & _ & _ & ->). now apply starts_fill.
Qed.

(* So Amin starts as placed, and evicts no request. *)
Theorem amin_as_placed st : reaches M 1 (family s u c K m) st -> now st <= T ->
  Permutation (runs_so_far st)
    (map (run_by (now st)) (filter (started (now st)) (placement s u c K m))) /\
  Forall (fun x => completed x = true) (log st).
Proof. intros reached early. now apply (runs_as_placed M _ _ T family_sane placement_fits). Qed.
End Placed.
