(* The state lemma of proofs_notes/conformance.md: the state at the start of a round follows from
   the
   runs by then, whatever rankings broke the ties. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Spec Safety Check Ties Conform.
From AminRef.facts Require Import Sums Lists Blocks Decisions.
Import ListNotations.
Open Scope Z_scope.

(* A list, cut in two by a property. *)
Lemma filter_both {A} (p : A -> bool) l :
  Permutation l (filter p l ++ filter (fun x => negb (p x)) l).
Proof.
  induction l as [|x l IH]; cbn; [constructor|]. destruct (p x); cbn; [now constructor|].
  rewrite IH at 1. apply Permutation_middle.
Qed.

(* What is learnt from one run more. *)
Lemma learnt_from_cons x l r : learnt_from (x :: l) r =
  if same (of x) r && negb (completed x) then Z.max (stop x - start x) (learnt_from l r)
  else learnt_from l r.
Proof. reflexivity. Qed.

(* What was learnt does not depend on the order of the runs. *)
Lemma learnt_from_perm l m r : Permutation l m -> learnt_from l r = learnt_from m r.
Proof.
  induction 1 as [|x l m _ IH|x y l|l k m _ IH _ IH'];
    rewrite ?learnt_from_cons; [reflexivity| | |congruence].
  - now rewrite IH.
  - destruct (same (of x) r && negb (completed x)), (same (of y) r && negb (completed y)); lia.
Qed.

(* Nothing is learnt from the runs of other requests, and from completed runs. *)
Lemma learnt_from_skip l m r : (forall x, In x l -> of x = r -> completed x = true) ->
  learnt_from (l ++ m) r = learnt_from m r.
Proof.
  induction l as [|x l IH]; cbn [app In]; intros all; [reflexivity|].
  rewrite learnt_from_cons, IH by auto. destruct (same (of x) r) eqn:one; [|reflexivity].
  apply same_spec in one.
  now rewrite (all x (or_introl eq_refl) one).
Qed.

(* What is assumed is never less than at first. *)
Lemma learnt_from_lower l r : lower r <= learnt_from l r.
Proof.
  induction l as [|x l IH]; [reflexivity|]. rewrite learnt_from_cons. destruct (_ && _); lia.
Qed.

(* Of the runs so far, those that have ended are the same as of all runs. *)
Lemma ended_so_far t l : (forall x, In x l -> start x < stop x) ->
  filter (ended_by t) (so_far t l) = filter (ended_by t) l.
Proof.
  unfold so_far. induction l as [|x l IH]; cbn; intros some; [reflexivity|].
  specialize (IH (fun y here => some y (or_intror here))).
  pose proof (some x (or_introl eq_refl)) as len.
  destruct (Z.ltb_spec (start x) t) as [began|not_yet]; cbn [map filter].
  - rewrite IH. unfold cut at 1 2, ended_by. destruct (Z.ltb_spec t (stop x)) as [goes|ended].
    + cbn [stop completed]. replace (stop x <? t) with false by (symmetry; apply Z.ltb_ge; lia).
      replace (stop x =? t) with false by (symmetry; apply Z.eqb_neq; lia).
      now rewrite Z.ltb_irrefl, andb_false_r.
    + reflexivity.
  - rewrite IH. unfold ended_by. replace (stop x <? t) with false by (symmetry; apply Z.ltb_ge;
    lia).
    now replace (stop x =? t) with false by (symmetry; apply Z.eqb_neq; lia).
Qed.

(* The others are those that go on, cut at the present time. *)
Lemma going_so_far t l :
  filter (fun x => negb (ended_by t x)) (so_far t l) = map (cut t) (filter (runs_at t) l).
Proof.
  unfold so_far. induction l as [|x l IH]; cbn; [reflexivity|]. unfold runs_at at 1.
  destruct (Z.ltb_spec (start x) t) as [began|not_yet]; cbn [map filter andb]; [|exact IH].
  assert (same_end : ended_by t (cut t x) = ended_by t x).
  { unfold cut, ended_by. destruct (Z.ltb_spec t (stop x)) as [goes|ended]; [|reflexivity].
    cbn [stop completed]. replace (stop x <? t) with false by (symmetry; apply Z.ltb_ge; lia).
    replace (stop x =? t) with false by (symmetry; apply Z.eqb_neq; lia).
    now rewrite Z.ltb_irrefl, andb_false_r. }
  rewrite same_end. destruct (ended_by t x); cbn [negb map]; now rewrite IH.
Qed.

Section State.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.

(* What is assumed follows from the runs of the past, and from the present run. *)
Definition informed (s : state) : Prop :=
  Forall (fun j => assumed j = Z.max (learnt_from (log s) (tag j)) (generated j - 1)) (running s) /\
  Forall (fun j => assumed j = learnt_from (log s) (tag j)) (waiting s).

(* Those that wait arrived earlier, and evicted runs ended earlier. *)
Definition settled (s : state) : Prop :=
  Forall (fun j => arrival (tag j) < now s) (waiting s) /\
  Forall (fun x => completed x = false -> stop x < now s) (log s).

(* A request that arrives has no runs. *)
Lemma unseen s r : safe M B requests s -> arrival r = now s -> learnt_from (log s) r = lower r.
Proof.
  intros good new. rewrite <- (app_nil_r (log s)). apply learnt_from_skip. intros x here <-.
  pose proof (log_well _ _ _ _ good) as well. rewrite Forall_forall in well.
  destruct (well x here) as (is_known & past & came & len).
  destruct (sane_of M B requests instance _ is_known) as [_ some _ _ _ _].
  destruct (completed x); [reflexivity|lia].
Qed.

Section Round.
Variables s s' : state.
Variables arrived later : list request.
Variables E S A L finished going : list (job request).
Hypothesis before : safe M B requests s.
Hypothesis parts : round_parts M B s s' arrived later E S A L finished going.

(* The runs of the past after the round. *)
Let new_log := next_log _ _ _ _ _ _ _ _ _ _ _ _ parts.

(* Of a request that is not evicted, nothing more is learnt from the log. *)
Lemma learnt_no_more r : (forall j, In j E -> tag j <> r) ->
  learnt_from (log s') r = learnt_from (log s) r.
Proof.
  intros kept. rewrite (learnt_from_perm _ _ _ new_log), app_assoc. apply learnt_from_skip.
  intros x here one. apply in_app_iff in here as [here|here]; apply in_map_iff in here as
    (j & <- & here); [reflexivity|]. now destruct (kept j here).
Qed.

(* Of a request that is evicted, the length of its run. *)
Lemma learnt_by_eviction j : In j E ->
  learnt_from (log s') (tag j) = Z.max (generated j) (learnt_from (log s) (tag j)).
Proof.
  intros here. apply in_split in here as (a & b & shape).
  assert (other : forall i, In i (a ++ b) -> tag i <> tag j).
  { intros i there same. pose proof (once M B requests instance (tag j)).
    pose proof (tags_before M B _ _ before (tag j)).
    pose proof (tags_running M B _ _ _ _ _ _ _ _ _ _ parts (tag j)) as ran.
    rewrite shape, map_app, count_occ_app in ran. cbn in ran.
    destruct (request_dec (tag j) (tag j)); [|easy].
    pose proof (count_in i (a ++ b) there) as twice. rewrite same, map_app, count_occ_app in twice.
    lia. }
  rewrite (learnt_from_perm _ (run_until (now s) false j ::
    (map (run_until (now s + 1) true) finished ++ map (run_until (now s) false) (a ++ b)) ++ log
    s)).
  - rewrite learnt_from_cons, learnt_from_skip.
    + cbn. rewrite (proj2 (same_spec (tag j) (tag j)) eq_refl). cbn. lia.
    + intros x there one. apply in_app_iff in there as [there|there]; apply in_map_iff in there as
        (i & <- & there); [reflexivity|]. now destruct (other i there).
  - rewrite new_log, shape, !map_app. cbn. rewrite <- !app_assoc. cbn.
    rewrite (Permutation_app_comm (map (run_until (now s + 1) true) finished)).
    rewrite <- !app_assoc. cbn. symmetry.
    rewrite (Permutation_app_comm (map (run_until (now s + 1) true) finished)).
    rewrite <- !app_assoc. apply Permutation_middle.
Qed.

(* A request that stays, is admitted or waits on is not evicted. *)
Lemma kept_apart j : In j (S ++ A ++ L) -> forall i, In i E -> tag i <> tag j.
Proof.
  intros here i there same. pose proof (once M B requests instance (tag j)).
  pose proof (tags_before M B _ _ before (tag j)).
  pose proof (tags_running M B _ _ _ _ _ _ _ _ _ _ parts (tag j)).
  pose proof (tags_waiting M B _ _ _ _ _ _ _ _ _ _ parts (tag j)).
  pose proof (tags_coming M B _ _ _ _ _ _ _ _ _ _ parts (tag j)).
  pose proof (count_in i E there) as one. rewrite same in one.
  pose proof (count_in j _ here) as two. rewrite !map_app, !count_occ_app in two. lia.
Qed.

(* A request that waits in step 4 is assumed to be as long as the log says. *)
Lemma queue_informed j : informed s -> In j (A ++ L) ->
  assumed j = learnt_from (log s) (tag j) /\ generated j = 0.
Proof.
  intros [_ known_W] here. split.
  - pose proof (all_waiting _ _ _ _ _ _ _ _ (decided _ _ _ _ _ _ _ _ _ _ _ _ parts)) as waited.
    apply (Permutation_in _ (Permutation_sym waited)) in here.
    apply in_app_iff in here as [here|here].
    + rewrite Forall_forall in known_W. auto.
    + apply in_map_iff in here as (r & <- & here). cbn. symmetry. apply unseen; [exact before|].
      pose proof (arrived_now _ _ _ _ _ _ _ _ _ _ _ _ parts) as at_now.
      rewrite Forall_forall in at_now. auto.
  - now destruct (queue_well M B requests instance _ _ _ _ _ _ _ _ _ _ before parts j here)
      as (_ & none & _).
Qed.

(* A request that ran is assumed to be as long as it is, and as the log says. *)
Lemma ran_informed j : informed s -> In j (E ++ S) ->
  assumed j = Z.max (learnt_from (log s) (tag j)) (generated j).
Proof.
  intros [known_R _] here. rewrite Forall_forall in known_R.
  destruct (from_running M B _ _ _ _ _ _ _ _ _ _ parts j here) as (i & there & ->).
  specialize (known_R i there). rewrite learnt_assumed. cbn. lia.
Qed.

(* The round keeps what is assumed and what is learnt together. *)
Lemma informed_next : informed s -> informed s'.
Proof.
  intros known. split.
  - eapply Permutation_Forall; [symmetry; exact (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)|].
    apply Forall_forall. intros j here.
    destruct (from_generating M B _ _ _ _ _ _ _ _ _ _ parts j) as (i & there & ->);
      [apply in_app_iff; auto|]. cbn.
    rewrite learnt_no_more by
      (apply kept_apart; rewrite app_assoc; apply in_app_iff; now left).
    apply in_app_iff in there as [there|there].
    + rewrite (ran_informed i known) by (apply in_app_iff; auto). lia.
    + destruct (queue_informed i known) as [-> none]; [apply in_app_iff; auto|].
      assert (is_known : In (tag i) requests).
      { apply (job_known M B _ _ _ _ _ _ _ _ _ _ _ before parts). right. apply in_app_iff. auto. }
      destruct (sane_of M B requests instance _ is_known) as [_ _ low _ _ _].
      pose proof (learnt_from_lower (log s) (tag i)). lia.
  - eapply Permutation_Forall; [symmetry; exact (next_waiting _ _ _ _ _ _ _ _ _ _ _ _ parts)|].
    apply Forall_app. split; [|apply Forall_map]; apply Forall_forall; intros j here.
    + rewrite learnt_no_more by (apply kept_apart; rewrite !in_app_iff; auto).
      apply (queue_informed j known). apply in_app_iff. auto.
    + cbn. rewrite (learnt_by_eviction j here), (ran_informed j known) by (apply in_app_iff; auto).
      lia.
Qed.

(* After the round, those that wait arrived earlier, and evicted runs ended earlier. *)
Lemma settled_next : settled s'.
Proof.
  unfold settled. rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts). split.
  - eapply Permutation_Forall; [symmetry; exact (next_waiting _ _ _ _ _ _ _ _ _ _ _ _ parts)|].
    apply Forall_app. split; [|apply Forall_map]; apply Forall_forall; intros j here.
    + destruct (queue_well M B requests instance _ _ _ _ _ _ _ _ _ _ before parts j)
        as (_ & _ & came); [apply in_app_iff; auto|lia].
    + destruct (still_well M B _ _ _ _ _ _ _ _ _ _ _ before parts j) as (_ & some & came & _);
        [apply in_app_iff; auto|]. cbn. lia.
  - eapply Permutation_Forall; [symmetry; exact new_log|]. rewrite !Forall_app. repeat split.
    + now apply Forall_map, Forall_forall.
    + apply Forall_map, Forall_forall. cbn. lia.
    + pose proof (log_well _ _ _ _ before) as well. eapply Forall_impl; [|exact well].
      intros x (_ & past & _). lia.
Qed.
End Round.

(* The runs of a state do not depend on ranks. *)
Lemma runs_ties_broken rho s : runs_so_far (ties_broken rho s) = runs_so_far s.
Proof. unfold runs_so_far. cbn. now rewrite map_map. Qed.

(* Breaking ties keeps the invariant. *)
Lemma safe_ties rho s : safe M B requests s -> safe M B requests (ties_broken rho s).
Proof.
  intros good. pose proof (filter_both (fun r => arrival r =? now s) (coming s)) as both.
  destruct good as [each runs waits not_yet plan well separate behind fit]. constructor; auto.
  - rewrite <- each. unfold requests_in. cbn. apply Permutation_app_head. rewrite !map_map. cbn.
    apply Permutation_app_head. rewrite map_app, map_map. cbn.
    rewrite map_id, <- app_assoc. apply Permutation_app_head. now symmetry.
  - cbn. apply Forall_map. exact runs.
  - cbn. apply Forall_map, Forall_app. split; [exact waits|]. apply Forall_map, Forall_forall.
    intros r here. apply filter_In in here as [here came]. apply Z.eqb_eq in came.
    assert (is_known : In r requests).
    { eapply Permutation_in; [exact each|]. unfold requests_in. rewrite !in_app_iff. auto. }
    destruct (sane_of M B requests instance _ is_known) as [_ some [low high] _ _ _].
    unfold waits_well, fair. cbn. repeat split; lia.
  - cbn. now apply filter_forall.
  - intros k later. specialize (plan k later). cbn [ties_broken running].
    rewrite as_assumed_sum, sum_filter, sum_map in plan.
    rewrite as_assumed_sum, sum_filter, !sum_map. exact plan.
  - cbn. intros x j here there. apply in_map_iff in there as (i & <- & there). cbn. auto.
  - intros t past. rewrite runs_ties_broken. auto.
Qed.

(* Breaking ties keeps what is assumed. *)
Lemma informed_ties rho s : safe M B requests s -> informed s -> informed (ties_broken rho s).
Proof.
  intros good [known_R known_W]. split; cbn; apply Forall_map; [exact known_R|]. apply Forall_app.
  split; [exact known_W|]. apply Forall_map, Forall_forall. intros r here.
  apply filter_In in here as [_ came]. apply Z.eqb_eq in came. cbn. symmetry. now apply unseen.
Qed.

(* What holds of every state that is possible. *)
Theorem possible_known allowed s : possible M B allowed requests s ->
  safe M B requests s /\ informed s /\ settled s.
Proof.
  induction 1 as [s first|s rho s' _ (good & known & _) _ (a & l & E & S & A & L & f & g & parts)].
  - split; [now apply safe_first|]. destruct first as [_ no_R no_W _ no_log]. cbn in *.
    symmetry in no_R, no_W, no_log. apply Permutation_nil in no_R, no_W, no_log.
    unfold informed, settled. rewrite no_R, no_W, no_log. repeat split; constructor.
  - pose proof (safe_ties rho s good) as good'.
    pose proof (informed_ties rho s good known) as known'.
    split; [eapply safe_next; eassumption|]. split; [eapply informed_next; eassumption|].
    eapply settled_next; eassumption.
Qed.

(* The state with the ranks of the instance. *)
Definition with_own_ranks (s : state) : state :=
  State (now s) (map (with_rank rank_of) (running s)) (map (with_rank rank_of) (waiting s))
    (coming s) (log s).

Section Follows.
Variable s : state.
Variable l : list run.
Hypothesis good : safe M B requests s.
Hypothesis known : informed s.
Hypothesis calm : settled s.
Hypothesis some_length : forall x, In x l -> start x < stop x.
Hypothesis agrees : Permutation (runs_so_far s) (so_far (now s) l).

(* The log of a state has the runs that have ended. *)
Lemma log_ended : filter (ended_by (now s)) (runs_so_far s) = log s /\
  filter (fun x => negb (ended_by (now s) x)) (runs_so_far s)
  = map (run_until (now s) false) (running s).
Proof.
  assert (going : forall x, In x (map (run_until (now s) false) (running s)) ->
    ended_by (now s) x = false).
  { intros x here. apply in_map_iff in here as (j & <- & _). unfold ended_by. cbn.
    now rewrite Z.ltb_irrefl, andb_false_r. }
  assert (past : forall x, In x (log s) -> ended_by (now s) x = true).
  { intros x here. unfold ended_by. pose proof (log_well _ _ _ _ good) as well.
    destruct calm as [_ evicted]. rewrite Forall_forall in well, evicted.
    destruct (well x here) as (_ & ended & _). specialize (evicted x here).
    destruct (completed x); [rewrite andb_true_r|].
    - destruct (Z.ltb_spec (stop x) (now s)); [reflexivity|]. apply Z.eqb_eq. lia.
    - apply orb_true_iff. left. apply Z.ltb_lt. auto. }
  unfold runs_so_far. rewrite !filter_app. split.
  - rewrite filter_none, filter_all; auto.
  - rewrite filter_all, filter_none; [apply app_nil_r| |].
    + intros x here. now rewrite past.
    + intros x here. now rewrite going.
Qed.

(* The past of the state is that of the schedule. *)
Lemma same_past : Permutation (log s) (filter (ended_by (now s)) l).
Proof.
  rewrite <- (proj1 log_ended), <- (ended_so_far (now s) l some_length). now apply filter_perm.
Qed.

(* So are the runs that go on. *)
Lemma same_going : Permutation (map (run_until (now s) false) (running s))
  (map (cut (now s)) (filter (runs_at (now s)) l)).
Proof. rewrite <- (proj2 log_ended), <- (going_so_far (now s) l). now apply filter_perm. Qed.

(* The requests of the state are those of the instance, once each. *)
Lemma requests_once : NoDup (requests_in s).
Proof.
  eapply Permutation_NoDup; [symmetry; exact (each_once _ _ _ _ good)|].
  exact (NoDup_map_inv id requests (distinct_ids _ _ _ instance)).
Qed.

(* The running jobs follow from the schedule. *)
Lemma same_running_jobs :
  Permutation (map (with_rank rank_of) (running s)) (running (state_at requests l (now s))).
Proof.
  pose (job := fun x => running_job (now s) (log s) x).
  replace (map (with_rank rank_of) (running s))
    with (map job (map (run_until (now s) false) (running s))).
  - rewrite same_going, map_map. cbn [state_at running].
    erewrite map_ext; [reflexivity|]. intros x. unfold job, running_job, cut.
    destruct (now s <? stop x); cbn [of start]; now rewrite (learnt_from_perm _ _ (of x) same_past).
  - rewrite map_map. apply map_ext_in. intros j here. unfold job, running_job, with_rank. cbn.
    pose proof (running_well _ _ _ _ good) as runs. destruct known as [known_R _].
    rewrite Forall_forall in runs, known_R. destruct (runs j here) as ((same & _) & _).
    rewrite (known_R j here), same. f_equal; lia.
Qed.

(* The requests to come follow from the time. *)
Lemma same_coming_requests :
  Permutation (coming s) (filter (fun r => now s <=? arrival r) requests).
Proof.
  rewrite <- (filter_perm _ _ _ (each_once _ _ _ _ good)). unfold requests_in.
  rewrite !filter_app.
  rewrite (filter_none _ (map of _)), (filter_none _ (map tag (running s))),
    (filter_none _ (map tag (waiting s))), (filter_all _ (coming s)); [reflexivity| | | |].
  - intros r here. pose proof (not_yet _ _ _ _ good) as later. rewrite Forall_forall in later.
    apply Z.leb_le. auto.
  - intros r here. apply in_map_iff in here as (j & <- & here). destruct calm as [came _].
    rewrite Forall_forall in came. apply Z.leb_gt. auto.
  - intros r here. apply in_map_iff in here as (j & <- & here).
    pose proof (running_well _ _ _ _ good) as runs. rewrite Forall_forall in runs.
    destruct (runs j here) as (_ & some & came & _). apply Z.leb_gt. lia.
  - intros r here. apply in_map_iff in here as (x & <- & here). apply filter_In in here as [here _].
    pose proof (log_well _ _ _ _ good) as well. rewrite Forall_forall in well.
    destruct (well x here) as (is_known & past & came & len).
    destruct (sane_of M B requests instance _ is_known) as [_ some _ _ _ _].
    apply Z.leb_gt. destruct (completed x); lia.
Qed.

(* A request waits in the schedule's state exactly if it waits in the state. *)
Lemma waits_spec r : In r (requests_in s) ->
  let fixed := state_at requests l (now s) in
  waits (now s) (running fixed) (log fixed) r = true <-> In r (map tag (waiting s)).
Proof.
  intros here fixed. pose proof requests_once as distinct. unfold requests_in in here, distinct.
  apply nodup_app in distinct as (_ & distinct & not_done).
  apply nodup_app in distinct as (_ & distinct & not_running).
  apply nodup_app in distinct as (_ & _ & not_coming).
  assert (runs : existsb (fun j => same (tag j) r) (running fixed) = true <->
    In r (map tag (running s))).
  { rewrite existsb_exists. pose proof (Permutation_map tag same_running_jobs) as tags.
    rewrite map_map in tags. cbn [with_rank tag] in tags.
    setoid_rewrite same_spec. split.
    - intros (j & there & <-). apply (Permutation_in _ (Permutation_sym tags)). now apply in_map.
    - intros there. apply (Permutation_in _ tags), in_map_iff in there as (j & <- & there). eauto. }
  assert (done : existsb (fun x => same (of x) r && completed x) (log fixed) = true <->
    In r (map of (filter completed (log s)))).
  { rewrite existsb_exists, in_map_iff. setoid_rewrite andb_true_iff. setoid_rewrite same_spec.
    setoid_rewrite filter_In. cbn [fixed state_at log]. split.
    - intros (x & there & one & is_done). exists x. repeat split; auto.
      now apply (Permutation_in _ (Permutation_sym same_past)).
    - intros (x & one & there & is_done). exists x. repeat split; auto.
      now apply (Permutation_in _ same_past). }
  unfold waits. rewrite !andb_true_iff, !negb_true_iff, <- !not_true_iff_false, runs, done,
    Z.ltb_lt.
  split.
  - intros ((came & idle) & undone). rewrite !in_app_iff in here.
    destruct here as [is|[is|[is|is]]]; try easy. exfalso.
    pose proof (not_yet _ _ _ _ good) as later. rewrite Forall_forall in later.
    specialize (later r is). lia.
  - intros there. repeat split.
    + apply in_map_iff in there as (j & <- & there). destruct calm as [came _].
      rewrite Forall_forall in came. auto.
    + intros is. apply (not_running r is). apply in_app_iff. auto.
    + intros is. apply (not_done r is). rewrite !in_app_iff. auto.
Qed.

(* The waiting jobs follow from the schedule. *)
Lemma same_waiting_jobs :
  Permutation (map (with_rank rank_of) (waiting s)) (waiting (state_at requests l (now s))).
Proof.
  set (fixed := state_at requests l (now s)).
  assert (tags : Permutation (map tag (waiting s))
    (filter (waits (now s) (running fixed) (log fixed)) requests)).
  { rewrite <- (filter_perm _ _ _ (each_once _ _ _ _ good)). apply NoDup_Permutation.
    - pose proof requests_once as distinct. unfold requests_in in distinct.
      apply nodup_app in distinct as (_ & distinct & _).
      apply nodup_app in distinct as (_ & distinct & _). now apply nodup_app in distinct.
    - apply NoDup_filter, requests_once.
    - intros r. rewrite filter_In. split.
      + intros here. assert (there : In r (requests_in s))
          by (unfold requests_in; rewrite !in_app_iff; auto). split; [exact there|].
        now apply waits_spec.
      + intros [there yes]. now apply waits_spec in yes. }
  apply (Permutation_map (waiting_job (log fixed))) in tags.
  etransitivity; [|exact tags]. rewrite map_map. erewrite map_ext_in; [reflexivity|].
  intros j here. unfold waiting_job, with_rank. pose proof (waiting_well _ _ _ _ good) as waits.
  destruct known as [_ known_W]. rewrite Forall_forall in waits, known_W.
  destruct (waits j here) as ((same & _) & none & _).
  rewrite (known_W j here), same, none, (learnt_from_perm _ _ (tag j) same_past). reflexivity.
Qed.

(* The state lemma: but for ranks, the state follows from the runs by the start of the round. *)
Lemma state_follows : alike (with_own_ranks s) (state_at requests l (now s)).
Proof.
  constructor; cbn [with_own_ranks now running waiting coming log]; auto using same_running_jobs,
    same_waiting_jobs, same_coming_requests, same_past.
Qed.
End Follows.
End State.
