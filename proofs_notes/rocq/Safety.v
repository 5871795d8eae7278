(* What holds of every state that rounds of Amin lead to, proved once from the relation: T1, T3 and
   the validity of schedules rest on it. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Spec.
From AminRef.facts Require Import Sums Lists Blocks Decisions.
Import ListNotations.
Open Scope Z_scope.

(* Equality of requests can be decided. *)
Lemma request_dec (a b : request) : {a = b} + {a <> b}.
Proof. decide equality; try apply Z.eq_dec. decide equality; apply Z.eq_dec. Defined.

(* How often a request stands in a list: the way to permutations by arithmetic. *)
Notation times := (count_occ request_dec).

(* A job shows the machine's request, and T3 holds of it. *)
Definition fair (j : job request) : Prop :=
  prompt j = prompt_len (tag j) /\
  lower (tag j) <= assumed j <= Z.max (lower (tag j)) (output_len (tag j) - 1).

(* The requests of a state: completed, running, waiting, and still to come. *)
Definition requests_in (s : state) : list request :=
  map of (filter completed (log s)) ++ map tag (running s) ++ map tag (waiting s) ++ coming s.

Section Safety.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.

(* A job that runs at the start of a round. *)
Definition runs_well (t : Z) (j : job request) : Prop :=
  fair j /\ 1 <= generated j < output_len (tag j) /\
  arrival (tag j) <= t - generated j /\ generated j <= assumed j + 1.

(* A job that waits at the start of a round. *)
Definition waits_well (t : Z) (j : job request) : Prop :=
  fair j /\ generated j = 0 /\ arrival (tag j) <= t.

(* A run of the past. *)
Definition logged_well (t : Z) (x : run) : Prop :=
  In (of x) requests /\ stop x <= t /\ arrival (of x) <= start x /\
  (if completed x then stop x - start x = output_len (of x)
   else 1 <= stop x - start x < output_len (of x)).

(* The invariant. *)
Record safe (s : state) : Prop := Safe {
  each_once : Permutation (requests_in s) requests;
  running_well : Forall (runs_well (now s)) (running s);
  waiting_well : Forall (waits_well (now s)) (waiting s);
  not_yet : Forall (fun r => now s <= arrival r) (coming s);
  planned : forall k, 0 <= k ->
    as_assumed B k (filter (fun j => negb (outlives j)) (map learnt (running s))) <= M;
  log_well : Forall (logged_well (now s)) (log s);
  log_apart : ForallOrdPairs apart (log s);
  after_log : forall x j, In x (log s) -> In j (running s) -> of x = tag j ->
    stop x <= now s - generated j;
  fits_so_far : forall t, t < now s -> occupancy B (runs_so_far s) t <= M }.

(* The invariant holds before the first round. *)
Lemma safe_first s : alike s (State 0 [] [] requests []) -> safe s.
Proof.
  intros [at_0 no_running no_waiting all_coming no_log]. cbn in *.
  symmetry in no_running, no_waiting, no_log.
  apply Permutation_nil in no_running, no_waiting, no_log.
  constructor; unfold requests_in, runs_so_far; rewrite ?no_running, ?no_waiting, ?no_log, ?at_0;
    cbn.
  - exact all_coming.
  - constructor.
  - constructor.
  - eapply Permutation_Forall; [symmetry; exact all_coming|].
    eapply Forall_impl; [|exact (all_sane _ _ _ instance)]. intros r is_sane. apply is_sane.
  - intros k _. exact (some_capacity _ _ _ instance).
  - constructor.
  - constructor.
  - easy.
  - intros t _. exact (some_capacity _ _ _ instance).
Qed.

(* A request of the instance is sane. *)
Lemma sane_of r : In r requests -> sane M B r.
Proof. pose proof (all_sane _ _ _ instance) as all. rewrite Forall_forall in all. apply all. Qed.

(* The same request cannot stand twice in the instance. *)
Lemma once r : (times requests r <= 1)%nat.
Proof.
  apply NoDup_count_occ. eapply NoDup_map_inv. exact (distinct_ids _ _ _ instance).
Qed.

Section Round.
Variables s s' : state.
Variables arrived later : list request.
Variables E S A L finished going : list (job request).
Hypothesis before : safe s.
Hypothesis parts : round_parts M B s s' arrived later E S A L finished going.

Let D := decided _ _ _ _ _ _ _ _ _ _ _ _ parts.

(* The evicted and those that stay ran before. *)
Lemma tags_running r : (times (map tag (running s)) r = times (map tag E) r + times (map tag S)
  r)%nat.
Proof.
  rewrite <- count_occ_app, <- map_app. revert r. apply Permutation_count_occ.
  rewrite <- (all_running _ _ _ _ _ _ _ _ D), map_map. reflexivity.
Qed.

(* The admitted and those that wait on waited or arrived. *)
Lemma tags_waiting r : (times (map tag (waiting s)) r + times arrived r
  = times (map tag A) r + times (map tag L) r)%nat.
Proof.
  rewrite <- !count_occ_app, <- map_app. revert r. apply Permutation_count_occ.
  rewrite <- (all_waiting _ _ _ _ _ _ _ _ D), map_app, map_map. cbn. now rewrite map_id.
Qed.

(* Those that generate a token finish or go on. *)
Lemma tags_generating r : (times (map tag S) r + times (map tag A) r
  = times (map tag finished) r + times (map tag going) r)%nat.
Proof.
  rewrite <- !count_occ_app, <- !map_app. revert r. apply Permutation_count_occ.
  rewrite <- (one_token_each _ _ _ _ _ _ _ _ _ _ _ _ parts), map_map. reflexivity.
Qed.

(* Some of those that come arrive. *)
Lemma tags_coming r : (times (coming s) r = times arrived r + times later r)%nat.
Proof.
  rewrite <- count_occ_app. revert r. apply Permutation_count_occ.
  exact (coming_parts _ _ _ _ _ _ _ _ _ _ _ _ parts).
Qed.

(* The requests of the state, counted. *)
Lemma tags_before r : (times (map of (filter completed (log s))) r + times (map tag (running s)) r
  + times (map tag (waiting s)) r + times (coming s) r = times requests r)%nat.
Proof.
  pose proof (proj1 (Permutation_count_occ request_dec _ _) (each_once s before) r) as same.
  unfold requests_in in same. rewrite !count_occ_app in same. lia.
Qed.

(* A request that stands in a list counts at least once there. *)
Lemma count_in (j : job request) l : In j l -> (1 <= times (map tag l) (tag j))%nat.
Proof. intros here. apply (proj1 (count_occ_In request_dec _ _)). now apply in_map. Qed.

(* A request of a state is a request of the instance. *)
Lemma known r : In r (map tag (running s)) \/ In r (map tag (waiting s)) \/ In r (coming s) ->
  In r requests.
Proof.
  intros here. eapply Permutation_in; [exact (each_once s before)|].
  unfold requests_in. rewrite !in_app_iff. tauto.
Qed.

(* A job that is evicted or stays is a running job that learnt. *)
Lemma from_running j : In j (E ++ S) -> exists i, In i (running s) /\ j = learnt i.
Proof.
  intros here. apply (Permutation_in _ (Permutation_sym (all_running _ _ _ _ _ _ _ _ D))) in here.
  apply in_map_iff in here as (i & <- & here). eauto.
Qed.

(* It runs as well as before. *)
Lemma still_well j : In j (E ++ S) -> runs_well (now s) j.
Proof.
  intros here. destruct (from_running j here) as (i & there & ->).
  pose proof (running_well s before) as well. rewrite Forall_forall in well.
  destruct (well i there) as ((same_prompt & bounds) & some & came).
  unfold runs_well, fair. rewrite learnt_assumed. cbn in *. repeat split; lia.
Qed.

(* A job that is admitted or waits on waits well. *)
Lemma queue_well j : In j (A ++ L) -> waits_well (now s) j.
Proof.
  intros here. apply (Permutation_in _ (Permutation_sym (all_waiting _ _ _ _ _ _ _ _ D))) in here.
  apply in_app_iff in here as [here|here].
  - pose proof (waiting_well s before) as well. rewrite Forall_forall in well. now apply well.
  - apply in_map_iff in here as (r & <- & here).
    pose proof (arrived_now _ _ _ _ _ _ _ _ _ _ _ _ parts) as at_now. rewrite Forall_forall in
      at_now.
    specialize (at_now r here). destruct (sane_of r) as [_ some [low high] _ _ _].
    { apply known. right; right. eapply Permutation_in;
        [symmetry; exact (coming_parts _ _ _ _ _ _ _ _ _ _ _ _ parts)|]. apply in_app_iff. auto. }
    unfold waits_well, fair. cbn. repeat split; lia.
Qed.

(* The requests of all jobs of the round are requests of the instance. *)
Lemma job_known j : In j (E ++ S) \/ In j (A ++ L) -> In (tag j) requests.
Proof.
  intros [here|here].
  - destruct (from_running j here) as (i & there & ->). apply known. left. cbn. now apply in_map.
  - apply known. apply (Permutation_in _ (Permutation_sym (all_waiting _ _ _ _ _ _ _ _ D))) in here.
    apply in_app_iff in here as [here|here]; [right; left; now apply in_map|].
    apply in_map_iff in here as (r & <- & here). right; right. cbn. eapply Permutation_in;
      [symmetry; exact (coming_parts _ _ _ _ _ _ _ _ _ _ _ _ parts)|]. apply in_app_iff. auto.
Qed.

(* Their lengths are not negative. *)
Lemma counts_running : Forall counts (E ++ S).
Proof.
  apply Forall_forall. intros j here. destruct (still_well j here) as ((same_prompt & _) & some &
    _).
  destruct (sane_of (tag j) (job_known j (or_introl here))) as [some_prompt _ _ _ _ _]. split; lia.
Qed.

(* Nor are those of the queue. *)
Lemma counts_queue : Forall counts (A ++ L).
Proof.
  apply Forall_forall. intros j here. destruct (queue_well j here) as ((same_prompt & _) & none &
    _).
  destruct (sane_of (tag j) (job_known j (or_intror here))) as [some_prompt _ _ _ _ _]. split; lia.
Qed.

(* Lemma 3 (a): after step 4 the plan fits. *)
Lemma plan_fits : never_exceeds M B (S ++ A).
Proof.
  pose proof (some_block _ _ _ instance) as block. pose proof (some_capacity _ _ _ instance) as
    capacity.
  apply (admitted_together M B block _ _ _ _ _ _ D counts_queue).
  apply (stay_fit M B block capacity _ _ _ _ _ _ D counts_running).
  intros k later_on. apply (planned s before). lia.
Qed.

(* Those that generate a token. *)
Lemma counts_generating : Forall counts (S ++ A).
Proof.
  pose proof counts_running as in_cache. pose proof counts_queue as in_queue.
  apply Forall_app in in_cache as [_ stay]. apply Forall_app in in_queue as [admitted _].
  now apply Forall_app.
Qed.

(* A job that generates a token has all rules of a running job, but may have generated none. *)
Lemma generates_well j : In j (S ++ A) -> fair j /\ 0 <= generated j < output_len (tag j) /\
  (arrival (tag j) <= now s - generated j /\ generated j <= assumed j) /\ In (tag j) requests.
Proof.
  intros here. apply in_app_iff in here as [here|here].
  - assert (there : In j (E ++ S)) by (apply in_app_iff; auto).
    destruct (still_well j there) as (is_fair & some & came).
    assert (generated j <= assumed j).
    { destruct (from_running j there) as (i & _ & ->). rewrite learnt_assumed. cbn. lia. }
    repeat split; try apply is_fair; try lia. apply job_known. now left.
  - destruct (queue_well j) as (is_fair & none & came); [apply in_app_iff; auto|].
    assert (there : In (tag j) requests) by (apply job_known; right; apply in_app_iff; auto).
    destruct (sane_of _ there) as [_ some bounds _ _ _]. destruct is_fair as (same & low).
    repeat split; auto; lia.
Qed.

(* A job that finishes or goes on generated its token in this round. *)
Lemma from_generating j : In j (finished ++ going) -> exists i, In i (S ++ A) /\ j = one_more i.
Proof.
  intros here.
  apply (Permutation_in _ (Permutation_sym (one_token_each _ _ _ _ _ _ _ _ _ _ _ _ parts))) in here.
  apply in_map_iff in here as (i & <- & here). eauto.
Qed.

(* Every request is still there once. *)
Lemma next_each_once : Permutation (requests_in s') requests.
Proof.
  apply (Permutation_count_occ request_dec). intros r.
  assert (completed_ones : Permutation (map of (filter completed (log s')))
    (map tag finished ++ map of (filter completed (log s)))).
  { rewrite (filter_perm _ _ _ (next_log _ _ _ _ _ _ _ _ _ _ _ _ parts)), !filter_app.
    rewrite (filter_all _ (map (run_until _ true) _)), (filter_none _ (map (run_until _ false) _)).
    - rewrite app_nil_l, map_app, map_map. reflexivity.
    - intros x here. apply in_map_iff in here as (j & <- & _). reflexivity.
    - intros x here. apply in_map_iff in here as (j & <- & _). reflexivity. }
  unfold requests_in.
  rewrite !count_occ_app, (proj1 (Permutation_count_occ request_dec _ _) completed_ones r),
    count_occ_app.
  rewrite (proj1 (Permutation_count_occ request_dec _ _)
    (Permutation_map tag (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)) r).
  rewrite (proj1 (Permutation_count_occ request_dec _ _)
    (Permutation_map tag (next_waiting _ _ _ _ _ _ _ _ _ _ _ _ parts)) r).
  rewrite (proj1 (Permutation_count_occ request_dec _ _) (next_coming _ _ _ _ _ _ _ _ _ _ _ _
    parts) r).
  rewrite map_app, count_occ_app, map_map.
  change (map (fun x => tag (thrown_back x)) E) with (map (@tag request) E).
  pose proof (tags_before r). pose proof (tags_running r). pose proof (tags_waiting r).
  pose proof (tags_generating r). pose proof (tags_coming r). lia.
Qed.

(* Those that run in the next round run well. *)
Lemma next_running_well : Forall (runs_well (now s')) (running s').
Proof.
  eapply Permutation_Forall; [symmetry; exact (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)|].
  apply Forall_forall. intros j here.
  pose proof (going_not_all _ _ _ _ _ _ _ _ _ _ _ _ parts) as unfinished.
  rewrite Forall_forall in unfinished. specialize (unfinished j here).
  destruct (from_generating j) as (i & there & ->); [apply in_app_iff; auto|].
  destruct (generates_well i there) as (is_fair & some & came & _).
  rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts).
  cbn in *. repeat split; try apply is_fair; cbn; lia.
Qed.

(* Those that wait in the next round wait well. *)
Lemma next_waiting_well : Forall (waits_well (now s')) (waiting s').
Proof.
  eapply Permutation_Forall; [symmetry; exact (next_waiting _ _ _ _ _ _ _ _ _ _ _ _ parts)|].
  rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts). apply Forall_forall. intros j here.
  apply in_app_iff in here as [here|here].
  - destruct (queue_well j) as (is_fair & none & came); [apply in_app_iff; auto|].
    repeat split; try apply is_fair; lia.
  - apply in_map_iff in here as (i & <- & here).
    destruct (still_well i) as (is_fair & some & came); [apply in_app_iff; auto|].
    repeat split; cbn; try apply is_fair; lia.
Qed.

(* Those that have not arrived come later. *)
Lemma next_not_yet : Forall (fun r => now s' <= arrival r) (coming s').
Proof.
  eapply Permutation_Forall; [symmetry; exact (next_coming _ _ _ _ _ _ _ _ _ _ _ _ parts)|].
  pose proof (later_not_now _ _ _ _ _ _ _ _ _ _ _ _ parts) as not_now.
  rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts). apply Forall_forall. intros r here.
  rewrite Forall_forall in not_now. specialize (not_now r here).
  pose proof (not_yet s before) as from_now. rewrite Forall_forall in from_now.
  assert (now s <= arrival r); [|lia]. apply from_now. eapply Permutation_in;
    [symmetry; exact (coming_parts _ _ _ _ _ _ _ _ _ _ _ _ parts)|]. apply in_app_iff. auto.
Qed.

(* The plan of those that do not outlive still fits. *)
Lemma next_planned k : 0 <= k ->
  as_assumed B k (filter (fun j => negb (outlives j)) (map learnt (running s'))) <= M.
Proof.
  intros later_on. pose proof (some_block _ _ _ instance) as block.
  apply (plan_moves_on B block M (S ++ A)); auto using counts_generating, plan_fits.
  exists finished. rewrite (one_token_each _ _ _ _ _ _ _ _ _ _ _ _ parts).
  apply Permutation_app_head. symmetry. exact (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts).
Qed.

(* The runs that end in this round are as they should be. *)
Lemma next_log_well : Forall (logged_well (now s')) (log s').
Proof.
  eapply Permutation_Forall; [symmetry; exact (next_log _ _ _ _ _ _ _ _ _ _ _ _ parts)|].
  rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts). rewrite !Forall_app. repeat split.
  - apply Forall_map, Forall_forall. intros j here.
    pose proof (finished_all _ _ _ _ _ _ _ _ _ _ _ _ parts) as full. rewrite Forall_forall in full.
    specialize (full j here). destruct (from_generating j) as (i & there & ->); [apply in_app_iff;
      auto|].
    destruct (generates_well i there) as (_ & some & came & is_known). cbn in *.
    repeat split; cbn; auto; lia.
  - apply Forall_map, Forall_forall. intros j here.
    destruct (still_well j) as (_ & some & came); [apply in_app_iff; auto|].
    repeat split; cbn; try lia. apply job_known. left. apply in_app_iff. auto.
  - eapply Forall_impl; [|exact (log_well s before)]. intros x (is_known & past & came & len).
    repeat split; auto. lia.
Qed.

(* A run of the past of a request that generates a token had ended when its run began. *)
Lemma runs_after x j : In x (map (run_until (now s) false) E ++ log s) -> In j (S ++ A) ->
  of x = tag j -> stop x <= now s - generated j.
Proof.
  intros here there same. pose proof (once (tag j)) as one. pose proof (tags_before (tag j)).
  pose proof (tags_running (tag j)). pose proof (tags_waiting (tag j)). pose proof (tags_coming
    (tag j)).
  apply in_app_iff in there as [there|there].
  - pose proof (count_in _ _ there) as twice. apply in_app_iff in here as [here|here].
    + exfalso. apply in_map_iff in here as (i & <- & here). cbn in same.
      pose proof (count_in _ _ here) as twice'. rewrite same in twice'. lia.
    + destruct (from_running j) as (i & ran & ->); [apply in_app_iff; auto|].
      apply (after_log s before x i here ran same).
  - destruct (queue_well j) as (_ & none & _); [apply in_app_iff; auto|].
    apply in_app_iff in here as [here|here].
    + apply in_map_iff in here as (i & <- & here). cbn. lia.
    + pose proof (log_well s before) as well. rewrite Forall_forall in well.
      destruct (well x here) as (_ & past & _). lia.
Qed.

(* Runs of a list of jobs with distinct requests do not concern one another. *)
Lemma apart_jobs t how (l : list (job request)) :
  (forall r, In r (map tag l) -> In r requests) ->
  (forall r, (times (map tag l) r <= 1)%nat) -> ForallOrdPairs apart (map (run_until t how) l).
Proof.
  induction l as [|j l IH]; cbn [map]; intros all_known distinct; constructor.
  - apply Forall_map, Forall_forall. intros i here same. exfalso. cbn in same.
    assert (one : tag j = tag i).
    { apply (nodup_same id requests); auto; [exact (distinct_ids _ _ _ instance)|apply all_known..].
      - now left.
      - right. now apply in_map. }
    pose proof (count_in _ _ here) as twice. specialize (distinct (tag j)). cbn in distinct.
    destruct (request_dec (tag j) (tag j)); [|easy]. rewrite one in distinct at 1. lia.
  - apply IH; [intros r here; apply all_known; now right|].
    intros r. specialize (distinct r). cbn in distinct. destruct (request_dec _ _); lia.
Qed.

(* The runs of the past do not overlap. *)
Lemma next_log_apart : ForallOrdPairs apart (log s').
Proof.
  assert (sym : forall x y, apart x y -> apart y x).
  { intros x y one same. destruct (one (eq_sym same)); auto. }
  assert (later_run : forall x y, In (of x) requests -> In (of y) requests ->
    (of y = of x -> stop y <= start x) -> apart x y).
  { intros x y known_x known_y order same. right. apply order. symmetry.
    apply (nodup_same id requests); auto. exact (distinct_ids _ _ _ instance). }
  apply (pairs_perm _ _ _ sym (Permutation_sym (next_log _ _ _ _ _ _ _ _ _ _ _ _ parts))).
  assert (past : forall x, In x (log s) -> In (of x) requests).
  { intros x here. pose proof (log_well s before) as well. rewrite Forall_forall in well. now
      apply well. }
  assert (in_E : forall j, In j E -> In (tag j) requests).
  { intros j here. apply job_known. left. apply in_app_iff. auto. }
  assert (in_finished : forall j, In j finished ->
    exists i, In i (S ++ A) /\ j = one_more i /\ In (tag i) requests).
  { intros j here. destruct (from_generating j) as (i & there & ->); [apply in_app_iff; auto|].
    exists i. repeat split; auto. now apply generates_well. }
  repeat apply pairs_app.
  - apply apart_jobs; intros r; [|pose proof (once r); pose proof (tags_before r); pose proof
      (tags_running r);
      pose proof (tags_waiting r); pose proof (tags_generating r); pose proof (tags_coming r); lia].
    intros here. apply in_map_iff in here as (j & <- & here).
    now destruct (in_finished j here) as (i & _ & -> & is_known).
  - apply apart_jobs; intros r; [|pose proof (once r); pose proof (tags_before r); pose proof
      (tags_running r);
      lia]. intros here. apply in_map_iff in here as (j & <- & here). auto.
  - exact (log_apart s before).
  - intros x y here there. apply in_map_iff in here as (j & <- & here).
    apply later_run; cbn; auto. intros same.
    destruct (from_running j) as (i & ran & ->); [apply in_app_iff; auto|].
    apply (after_log s before y i there ran same).
  - intros x y here there. apply in_map_iff in here as (j & <- & here).
    destruct (in_finished j here) as (i & generating & -> & is_known). apply later_run; cbn.
    + exact is_known.
    + apply in_app_iff in there as [there|there]; [|auto].
      apply in_map_iff in there as (k & <- & there). cbn. auto.
    + intros same. pose proof (runs_after y i there generating same). lia.
Qed.

(* A run of the past had ended when the present run of its request began. *)
Lemma next_after_log x j : In x (log s') -> In j (running s') -> of x = tag j ->
  stop x <= now s' - generated j.
Proof.
  intros here there same. rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts).
  apply (Permutation_in _ (next_log _ _ _ _ _ _ _ _ _ _ _ _ parts)) in here.
  apply (Permutation_in _ (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)) in there.
  apply in_app_iff in here as [here|here].
  - exfalso. apply in_map_iff in here as (i & <- & here). cbn in same.
    pose proof (count_in _ _ here) as twice. pose proof (count_in _ _ there) as twice'.
    rewrite same in twice. pose proof (once (tag j)). pose proof (tags_before (tag j)).
    pose proof (tags_running (tag j)). pose proof (tags_waiting (tag j)).
    pose proof (tags_generating (tag j)). pose proof (tags_coming (tag j)). lia.
  - destruct (from_generating j) as (i & generating & ->); [apply in_app_iff; auto|]. cbn in *.
    pose proof (runs_after x i here generating same). lia.
Qed.

(* In a round of the past, a job that generates a token holds what it held before. *)
Lemma holds_as_before t : t < now s ->
  sum (fun j => holds_in B t (run_until (now s + 1) false (one_more j))) (S ++ A)
  = sum (fun j => holds_in B t (run_until (now s) false j)) S.
Proof.
  intros past. rewrite sum_app, (sum_zero _ A).
  - rewrite Z.add_0_r. apply sum_ext. intros j _. unfold holds_in. cbn.
    replace (now s + 1 - (generated j + 1)) with (now s - generated j) by lia.
    now replace (t <? now s + 1) with (t <? now s)
      by (transitivity true; [|symmetry]; apply Z.ltb_lt; lia).
  - intros j here. destruct (queue_well j) as (_ & none & _); [apply in_app_iff; auto|].
    unfold holds_in. cbn.
    now replace (now s + 1 - (generated j + 1) <=? t) with false by (symmetry; apply Z.leb_gt; lia).
Qed.

(* In this round, the jobs that generate a token hold their next tokens. *)
Lemma holds_now :
  sum (fun j => holds_in B (now s) (run_until (now s + 1) false (one_more j))) (S ++ A)
  = next_tokens B (S ++ A).
Proof.
  apply sum_ext. intros j here. destruct (generates_well j here) as ((same_prompt & _) & some & _).
  unfold holds_in, will_hold. rewrite whole_blocks_occ by exact (some_block _ _ _ instance). cbn.
  replace (now s + 1 - (generated j + 1) <=? now s) with true by (symmetry; apply Z.leb_le; lia).
  replace (now s <? now s + 1) with true by (symmetry; apply Z.ltb_lt; lia).
  cbn. f_equal. lia.
Qed.

(* What all runs hold: those that generate, those that were evicted, and the past. *)
Lemma next_occupancy t : occupancy B (runs_so_far s') t =
  sum (fun j => holds_in B t (run_until (now s + 1) false (one_more j))) (S ++ A)
  + sum (fun j => holds_in B t (run_until (now s) false j)) E + occupancy B (log s) t.
Proof.
  unfold occupancy, runs_so_far. rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts), sum_app,
    sum_map.
  rewrite (sum_perm _ _ _ (next_log _ _ _ _ _ _ _ _ _ _ _ _ parts)), !sum_app, !sum_map.
  rewrite (sum_perm _ _ _ (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)).
  set (held := fun j => holds_in B t (run_until (now s + 1) false j)).
  change (fun x => holds_in B t (run_until (now s + 1) true x)) with held.
  assert (all : sum (fun j => held (one_more j)) (S ++ A) = sum held finished + sum held going).
  { rewrite <- (sum_map held), (sum_perm _ _ _ (one_token_each _ _ _ _ _ _ _ _ _ _ _ _ parts)).
    apply sum_app. }
  rewrite sum_app in all. unfold held in *. lia.
Qed.

(* The memory holds in all rounds up to this one. *)
Lemma next_fits_so_far t : t < now s' -> occupancy B (runs_so_far s') t <= M.
Proof.
  rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts), next_occupancy. intros past.
  destruct (Z.eq_dec t (now s)) as [->|earlier].
  - rewrite holds_now, (sum_zero _ E).
    + unfold occupancy. rewrite (sum_zero _ (log s)).
      * rewrite next_tokens_now. pose proof (plan_fits 0 (Z.le_refl 0)). lia.
      * intros x here. pose proof (log_well s before) as well. rewrite Forall_forall in well.
        destruct (well x here) as (_ & ended & _). unfold holds_in.
        replace (now s <? stop x) with false by (symmetry; apply Z.ltb_ge; lia). now rewrite
          andb_false_r.
    + intros j _. unfold holds_in. cbn. now rewrite Z.ltb_irrefl, andb_false_r.
  - rewrite holds_as_before by lia. pose proof (fits_so_far s before t ltac:(lia)) as fit.
    unfold occupancy, runs_so_far in *. rewrite sum_app, sum_map in fit.
    assert (same : sum (fun j => holds_in B t (run_until (now s) false j)) (running s)
      = sum (fun j => holds_in B t (run_until (now s) false j)) (E ++ S)).
    { rewrite <- (sum_perm _ _ _ (all_running _ _ _ _ _ _ _ _ D)), sum_map. reflexivity. }
    rewrite same, sum_app in fit. lia.
Qed.

(* The invariant holds after the round. *)
Lemma safe_next : safe s'.
Proof.
  constructor; auto using next_each_once, next_running_well, next_waiting_well, next_not_yet,
    next_planned, next_log_well, next_log_apart, next_after_log, next_fits_so_far.
Qed.
End Round.

(* The invariant holds in every state that rounds of Amin lead to. *)
Theorem reaches_safe s : reaches M B requests s -> safe s.
Proof.
  induction 1 as [s first|s s' _ IH (arrived & later & E & S & A & L & finished & going & parts)].
  - now apply safe_first.
  - eapply safe_next; eassumption.
Qed.
End Safety.
