(* One round: some allowed ranking leads on to what the schedule does in it exactly if `round_ok`
   says so (L1 and L2 in the state of the schedule). *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Safety Check Ties Conform ConformState.
From AminRef.facts Require Import Sums Lists Blocks Decisions Steps Places Rankings.
Import ListNotations.
Open Scope Z_scope.

(* A part of an image. *)
Lemma filter_image {A C} (f : A -> C) p l :
  filter p (map f l) = map f (filter (fun x => p (f x)) l).
Proof. induction l as [|x l IH]; cbn; [reflexivity|]. destruct (p (f x)); cbn; congruence. Qed.

(* The order of the runs says nothing. *)
Lemma so_far_perm t l m : Permutation l m -> Permutation (so_far t l) (so_far t m).
Proof. intros same. now apply Permutation_map, filter_perm. Qed.

(* Two lists of runs in a row. *)
Lemma so_far_app t l m : so_far t (l ++ m) = so_far t l ++ so_far t m.
Proof. unfold so_far. now rewrite filter_app, map_app. Qed.

(* Runs that have ended are as they are. *)
Lemma so_far_ended t l : (forall x, In x l -> start x < t /\ stop x <= t) -> so_far t l = l.
Proof.
  unfold so_far. induction l as [|x l IH]; cbn; intros ended; [reflexivity|].
  destruct (ended x (or_introl eq_refl)) as [began over].
  rewrite (proj2 (Z.ltb_lt _ _) began). cbn. rewrite IH by auto. f_equal. unfold cut.
  now rewrite (proj2 (Z.ltb_ge _ _) over).
Qed.

(* Runs by an earlier time follow from the runs by a later one. *)
Lemma so_far_twice t u l : t <= u -> so_far t (so_far u l) = so_far t l.
Proof.
  intros order. unfold so_far. induction l as [|x l IH]; cbn [filter map]; [reflexivity|].
  assert (same_start : start (cut u x) = start x) by (unfold cut; now destruct (_ <? _)).
  assert (same_cut : cut t (cut u x) = cut t x).
  { unfold cut at 2. destruct (Z.ltb_spec u (stop x)); [|reflexivity]. unfold cut. cbn.
    rewrite (proj2 (Z.ltb_lt t (stop x))) by lia. destruct (Z.ltb_spec t u); [reflexivity|].
    now replace u with t by lia. }
  destruct (Z.ltb_spec (start x) u) as [began|not_yet]; cbn [filter map].
  - rewrite same_start. destruct (start x <? t); cbn [map]; now rewrite ?same_cut, IH.
  - rewrite IH. now rewrite (proj2 (Z.ltb_ge (start x) t)) by lia.
Qed.

(* Runs that have reached t + 1, cut at t. *)
Lemma so_far_back t how (l : list (job request)) :
  so_far t (map (run_until (t + 1) how) l)
  = map (fun i => Run (tag i) (t + 1 - generated i) t false)
      (filter (fun i => t + 1 - generated i <? t) l).
Proof.
  unfold so_far. induction l as [|i l IH]; cbn; [reflexivity|].
  destruct (t + 1 - generated i <? t); cbn; [|exact IH]. rewrite IH. f_equal. unfold cut. cbn.
  now rewrite (proj2 (Z.ltb_lt t (t + 1))) by lia.
Qed.

(* A list of jobs with distinct requests has distinct ranks under a tie-break. *)
Lemma ranks_distinct requests rho l : any_ranking requests rho -> NoDup (map tag l) ->
  incl (map tag l) requests -> NoDup (map rank (map (with_rank rho) l)).
Proof.
  intros ranks distinct all. rewrite map_map. cbn [with_rank rank].
  rewrite <- (map_map tag rho). revert all. induction distinct as [|r rs new _ IH]; intros all;
    constructor; [|apply IH; intros r' here; apply all; now right].
  intros here. apply in_map_iff in here as (r' & same & there). apply new.
  rewrite <- (nodup_same rho requests r' r); auto; apply all; [now right|now left].
Qed.

(* The runs by time u, one by one. *)
Lemma in_so_far u l x : In x (so_far u l) <-> exists y, In y l /\ start y < u /\ x = cut u y.
Proof.
  unfold so_far. rewrite in_map_iff. setoid_rewrite filter_In. setoid_rewrite Z.ltb_lt.
  split; intros (y & rest); exists y; intuition.
Qed.

(* The request and the start of a run are not cut. *)
Lemma cut_same u x : of (cut u x) = of x /\ start (cut u x) = start x.
Proof. unfold cut. now destruct (_ <? _). Qed.

(* L1 and L2 do not depend on the order of the lists. *)
Lemma explains_perm {X} M B (le : job X -> job X -> Prop) E S A L E' S' A' L' :
  Permutation E E' -> Permutation S S' -> Permutation A A' -> Permutation L L' ->
  explains_evictions M B le E S -> explains_admissions M B le S A L ->
  explains_evictions M B le E' S' /\ explains_admissions M B le S' A' L'.
Proof.
  intros same_E same_S same_A same_L (fit & evicts) (fits & admits). split.
  - split; [now rewrite <- (next_tokens_perm B _ _ same_S)|]. destruct evicts as [->|(e & rest)].
    + left. now apply Permutation_nil.
    + right. exists e. destruct rest as (here & greatest & above & over).
      rewrite <- (next_tokens_perm B _ _ (perm_skip e same_S)). repeat split; auto.
      * now apply (Permutation_in _ same_E).
      * intros y there. now apply greatest, (Permutation_in _ (Permutation_sym same_E)).
      * intros y there. now apply above, (Permutation_in _ (Permutation_sym same_S)).
  - assert (moved : forall l m : list (job X), Permutation l m -> never_exceeds M B l ->
    never_exceeds M B m).
    { intros l m same all k later. rewrite <- (as_assumed_perm B k _ _ same). auto. }
    split; [exact (moved _ _ (Permutation_app same_S same_A) fits)|].
    destruct admits as [->|(w & here & least & under & no)];
      [left; now apply Permutation_nil|]. right.
    exists w. repeat split.
    + now apply (Permutation_in _ same_L).
    + intros v there. now apply least, (Permutation_in _ (Permutation_sym same_L)).
    + intros y there. now apply under, (Permutation_in _ (Permutation_sym same_A)).
    + intros all. apply no. eapply moved; [|exact all]. symmetry.
      apply Permutation_app; [exact same_S|now apply Permutation_app_tail].
Qed.

(* Four lists in another order. *)
Lemma four_parts {A} (a b c d : list A) : Permutation ((b ++ c) ++ a ++ d) (d ++ (a ++ b) ++ c).
Proof.
  rewrite (Permutation_app_comm d), <- !app_assoc, (app_assoc b c (a ++ d)).
  rewrite Permutation_app_swap_app, <- app_assoc. reflexivity.
Qed.

(* What job j of a request comes to in round t, if it gets its next token: it may be the last. *)
Definition goes_on (t : Z) (j : job request) : run :=
  run_until (t + 1) (has_all (one_more j)) (one_more j).

Section Tests.
Variables M B : Z.
Hypothesis some_block : 1 <= B.
Hypothesis some_capacity : 0 <= M.
Variable le : job request -> job request -> bool.
Notation before := (fun x y => le x y = true).

(* No job is planned after the last round. *)
Lemma longest_spec R j : In j R -> more_tokens j <= longest R.
Proof.
  induction R as [|i R IH]; [easy|]. cbn [longest fold_right]. fold (longest R).
  intros [<-|here]; [lia|]. specialize (IH here). lia.
Qed.

(* L5: only the rounds in which one of the jobs is planned need be examined. *)
Lemma fits_always_spec R : fits_always M B R = true <-> never_exceeds M B R.
Proof.
  unfold fits_always. rewrite all_below_spec. split.
  - intros all k later. destruct (Z.lt_ge_cases k (longest R)) as [inside|after].
    + apply Z.leb_le, all. lia.
    + unfold as_assumed. rewrite filter_none; [exact some_capacity|]. intros j here.
      apply Z.ltb_ge. pose proof (longest_spec R j here). lia.
  - intros all k range. apply Z.leb_le, all. lia.
Qed.

(* The test of L1. *)
Lemma evictions_ok_spec E S :
  evictions_ok M B le E S = true <-> explains_evictions M B before E S.
Proof.
  unfold evictions_ok, explains_evictions, fits_now.
  rewrite andb_true_iff, Z.leb_le. apply and_iff_compat_l.
  destruct E as [|e0 E0] eqn:shape; [split; auto|]. rewrite <- shape, existsb_exists. split.
  - intros (e & here & yes). right. exists e.
    rewrite !andb_true_iff, !forallb_forall, negb_true_iff, Z.leb_gt in yes. tauto.
  - intros [none|(e & here & rest)]; [congruence|]. exists e. split; [exact here|].
    rewrite !andb_true_iff, !forallb_forall, negb_true_iff, Z.leb_gt. tauto.
Qed.

(* The test of L2. *)
Lemma admissions_ok_spec S A L :
  admissions_ok M B le S A L = true <-> explains_admissions M B before S A L.
Proof.
  unfold admissions_ok, explains_admissions.
  rewrite andb_true_iff, fits_always_spec. apply and_iff_compat_l.
  destruct L as [|w0 L0] eqn:shape; [split; auto|]. rewrite <- shape, existsb_exists. split.
  - intros (w & here & yes). right. exists w.
    rewrite !andb_true_iff, !forallb_forall, negb_true_iff, <- not_true_iff_false,
      fits_always_spec in yes. tauto.
  - intros [none|(w & here & rest)]; [congruence|]. exists w. split; [exact here|].
    rewrite !andb_true_iff, !forallb_forall, negb_true_iff, <- not_true_iff_false,
      fits_always_spec. tauto.
Qed.
End Tests.

Section Rounds.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Let block := some_block _ _ _ instance.
Let capacity := some_capacity _ _ _ instance.

(* A run of the past has begun and ended. *)
Lemma log_over s x : safe M B requests s -> In x (log s) -> start x < now s /\ stop x <= now s.
Proof.
  intros good here. pose proof (log_well _ _ _ _ good) as well. rewrite Forall_forall in well.
  destruct (well x here) as (is_known & past & came & len).
  destruct (sane_of M B requests instance _ is_known) as [_ some _ _ _ _].
  destruct (completed x); lia.
Qed.

(* The runs of a state have come as far as the state. *)
Lemma so_far_reached s : safe M B requests s -> so_far (now s) (runs_so_far s) = runs_so_far s.
Proof.
  intros good. apply so_far_ended. intros x here. apply in_app_iff in here as [here|here].
  - apply in_map_iff in here as (j & <- & here). cbn.
    pose proof (running_well _ _ _ _ good) as runs. rewrite Forall_forall in runs.
    destruct (runs j here) as (_ & some & _). lia.
  - now apply log_over.
Qed.

(* A round, cut back: the runs before it. *)
Lemma cut_back s s' arrived later E S A L finished going : safe M B requests s ->
  round_parts M B s s' arrived later E S A L finished going ->
  Permutation (so_far (now s) (runs_so_far s')) (runs_so_far s).
Proof.
  intros good parts. unfold runs_so_far. rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts).
  rewrite (so_far_perm _ _ _ (Permutation_app
    (Permutation_map _ (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts))
    (next_log _ _ _ _ _ _ _ _ _ _ _ _ parts))).
  rewrite !so_far_app, !so_far_back, app_assoc, <- map_app, <- filter_app.
  rewrite (so_far_ended _ (map _ E)), (so_far_ended _ (log s)).
  - rewrite (filter_perm _ _ _ (Permutation_app_comm going finished)).
    rewrite <- (filter_perm _ _ _ (one_token_each _ _ _ _ _ _ _ _ _ _ _ _ parts)), map_app.
    rewrite filter_app, (filter_all _ (map one_more S)), (filter_none _ (map one_more A)).
    + rewrite app_nil_r, map_map, app_assoc. apply Permutation_app_tail.
      rewrite <- (map_ext_in (run_until (now s) false)).
      * rewrite <- map_app. pose proof (all_running _ _ _ _ _ _ _ _
          (decided _ _ _ _ _ _ _ _ _ _ _ _ parts)) as ran.
        rewrite (Permutation_app_comm S E), <- ran, map_map. reflexivity.
      * intros j _. unfold run_until. cbn. f_equal. lia.
    + intros i here. apply in_map_iff in here as (j & <- & here). cbn. apply Z.ltb_ge.
      destruct (queue_well M B requests instance _ _ _ _ _ _ _ _ _ _ good parts j)
        as (_ & none & _); [apply in_app_iff; auto|lia].
    + intros i here. apply in_map_iff in here as (j & <- & here). cbn. apply Z.ltb_lt.
      destruct (still_well M B _ _ _ _ _ _ _ _ _ _ _ good parts j) as (_ & some & _);
        [apply in_app_iff; auto|lia].
  - intros x here. now apply log_over.
  - intros x here. apply in_map_iff in here as (j & <- & here). cbn.
    destruct (still_well M B _ _ _ _ _ _ _ _ _ _ _ good parts j) as (_ & some & _);
      [apply in_app_iff; auto|lia].
Qed.

Variable l : list run.
Hypothesis right : valid M B requests l.

(* A run of a valid schedule is one of the instance's, and takes at least one round. *)
Lemma run_known x : In x l -> In (of x) requests /\ 0 <= arrival (of x) <= start x /\
  start x < stop x.
Proof.
  intros here. assert (is_known : In (of x) requests).
  { destruct (completed x) eqn:done.
    - eapply Permutation_in; [exact (completes_once _ _ _ _ right)|]. apply in_map, filter_In. auto.
    - now apply (evicted_length _ _ _ _ right). }
  destruct (sane_of M B requests instance _ is_known) as [_ some _ _ from_0 _].
  pose proof (not_before_arrival _ _ _ _ right x here). repeat split; auto.
  destruct (completed x) eqn:done.
  - pose proof (completed_length _ _ _ _ right x here done). lia.
  - destruct (evicted_length _ _ _ _ right x here done). lia.
Qed.

(* Two runs of one request that share a round are the same. *)
Lemma one_run t x y : In x l -> In y l -> of x = of y ->
  start x <= t < stop x -> start y <= t < stop y -> x = y.
Proof.
  intros here there same in_x in_y.
  destruct (ForallOrdPairs_In (no_overlap _ _ _ _ right) x y here there) as [one|[apart|apart]];
    [exact one| |]; specialize (apart ltac:(congruence)); lia.
Qed.
(* A run that goes through this round, as far as it has come after it. *)
Lemma shown_going t x (j : job request) : In x l -> start x <= t < stop x -> tag j = of x ->
  generated j = t - start x -> cut (t + 1) x = goes_on t j.
Proof.
  intros is during one len. unfold goes_on, run_until, cut, has_all. cbn. rewrite one, len.
  replace (t + 1 - (t - start x + 1)) with (start x) by lia.
  destruct (Z.ltb_spec (t + 1) (stop x)) as [goes|ends].
  - f_equal. symmetry. apply Z.eqb_neq. destruct (completed x) eqn:done.
    + pose proof (completed_length _ _ _ _ right x is done). lia.
    + pose proof (evicted_length _ _ _ _ right x is done). lia.
  - assert (last : stop x = t + 1) by lia. destruct x as [r a b c]. cbn in *. subst b. f_equal.
    destruct c eqn:done; symmetry; [apply Z.eqb_eq|apply Z.eqb_neq].
    + pose proof (completed_length _ _ _ _ right _ is eq_refl) as full. cbn in full. lia.
    + pose proof (evicted_length _ _ _ _ right _ is eq_refl) as part. cbn in part. lia.
Qed.

(* The runs by the end of the round: the past, those that went on, and those that start. *)
Lemma runs_in_three t : Permutation (so_far (t + 1) l)
  (map (cut (t + 1)) (filter (ended_by t) l) ++
   map (cut (t + 1)) (filter (runs_at t) l) ++
   map (cut (t + 1)) (filter (fun x => start x =? t) l)).
Proof.
  unfold so_far. rewrite <- !map_app. apply Permutation_map.
  assert (some : forall x, In x l -> start x < stop x)
    by (intros x is; now apply (run_known)).
  revert some. clear. induction l as [|x m IH]; cbn; intros some; [reflexivity|].
  specialize (IH (fun y is => some y (or_intror is))). specialize (some x (or_introl eq_refl)).
  unfold runs_at at 1. destruct (ended_by t x) eqn:ended; cbn [negb].
  - assert (began : start x < t).
    { unfold ended_by in ended. apply orb_true_iff in ended as [over|over];
        [apply Z.ltb_lt in over; lia|]. apply andb_true_iff in over as [over _].
      apply Z.eqb_eq in over. lia. }
    rewrite andb_false_r, (proj2 (Z.ltb_lt (start x) (t + 1))),
      (proj2 (Z.eqb_neq (start x) t)) by lia.
    now constructor.
  - rewrite andb_true_r. destruct (Z.ltb_spec (start x) t) as [began|not_yet].
    + rewrite (proj2 (Z.ltb_lt (start x) (t + 1))),
      (proj2 (Z.eqb_neq (start x) t)) by lia.
      rewrite IH. apply Permutation_middle.
    + destruct (Z.eqb_spec (start x) t) as [now_|later].
      * rewrite (proj2 (Z.ltb_lt _ (t + 1))) by lia. rewrite IH, !app_assoc.
        apply Permutation_middle.
      * rewrite (proj2 (Z.ltb_ge _ (t + 1))) by lia. exact IH.
Qed.

(* The runs that start in one round are of different requests. *)
Lemma distinct_starters t : NoDup (map of (filter (fun x => start x =? t) l)).
Proof.
  assert (some : forall x, In x l -> start x < stop x)
    by (intros x is; now apply (run_known)).
  revert some. pose proof (no_overlap _ _ _ _ right) as apart. revert apart. clear.
  induction 1 as [|x m first _ IH]; cbn; intros some; [constructor|].
  specialize (IH (fun y is => some y (or_intror is))).
  destruct (Z.eqb_spec (start x) t) as [now_|]; [|exact IH]. cbn. constructor; [|exact IH].
  intros here. apply in_map_iff in here as (y & one & here). apply filter_In in here as [is at_now].
  apply Z.eqb_eq in at_now. rewrite Forall_forall in first.
  pose proof (some x (or_introl eq_refl)). pose proof (some y (or_intror is)).
  destruct (first y is); [now rewrite one|lia|lia].
Qed.
End Rounds.
