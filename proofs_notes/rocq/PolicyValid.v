(* The schedules of Amax, H-SF, SVF and FCFS are valid: the runs of a request do not overlap. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Safety Optimum Policies PolicyRuns.
From AminRef.facts Require Import Sums Lists Rounds Policies.
Import ListNotations.
Open Scope Z_scope.

Section Valid.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Variable p : policy.
Variable fine : list (job request) -> Prop.
Hypothesis ordinary : common M B requests p fine.
Notation kept := (kept M B requests p fine).

(* The runs of the past do not overlap, and end before the present run of their request begins. *)
Definition separate (s : state) : Prop := ForallOrdPairs apart (log s) /\
  forall x j, In x (log s) -> In j (running s) -> of x = tag j -> stop x <= now s - generated j.

(* The requests that completed and those that run are distinct. *)
Lemma distinct_in s : kept s -> NoDup (map of (filter completed (log s)) ++ map tag (running s)).
Proof.
  intros good. assert (all : NoDup (requests_in s)).
  { eapply Permutation_NoDup; [symmetry; exact (kept_once _ _ _ _ _ s good)|].
    exact (NoDup_map_inv id _ (distinct_ids _ _ _ instance)). }
  unfold requests_in in all. rewrite app_assoc in all. now apply nodup_app in all as [all _].
Qed.

Section Round.
Variable s : state.
Variables E R L S A : list (job request).
Hypothesis good : kept s.
Hypothesis good' : kept (round p s).
Hypothesis decided : decided_by p s = (E, R, L).
Hypothesis ran : running s = E ++ S.
Hypothesis runs : R = rev A ++ S.
Hypothesis queued : queue_of p s = A ++ L.
Hypothesis before : separate s.

(* A run of the past, or one that is evicted now, ended when the run of its request began. *)
Lemma ended_before x j : In x (map (run_until (now s) false) E ++ log s) -> In j R ->
  of x = tag j -> stop x <= now s - generated j.
Proof.
  intros here there same. rewrite runs in there. apply in_app_iff in there as [there|there].
  - apply in_rev in there. pose proof (queue_own M B requests instance p fine s L A good queued)
      as new. rewrite Forall_app, !Forall_forall in new.
    destruct (proj1 new j there) as (_ & none & _). apply in_app_iff in here as [here|here].
    + apply in_map_iff in here as (i & <- & _). cbn. lia.
    + pose proof (kept_log _ _ _ _ _ s good) as well. rewrite Forall_forall in well.
      destruct (well x here) as (_ & past & _). lia.
  - apply in_app_iff in here as [here|here].
    + exfalso. apply in_map_iff in here as (i & <- & here). cbn in same.
      pose proof (distinct_in s good) as once. apply nodup_app in once as (_ & once & _).
      rewrite ran, map_app in once. apply nodup_app in once as (_ & _ & other).
      apply (other (tag i)); [now apply in_map|]. rewrite same. now apply in_map.
    + apply (proj2 before x j here); [|exact same]. rewrite ran. apply in_app_iff. auto.
Qed.

(* The requests of what runs, and of the past, are requests of the instance. *)
Lemma all_known : (forall j, In j R -> In (tag j) requests) /\
  (forall j, In j E -> In (tag j) requests) /\ (forall x, In x (log s) -> In (of x) requests).
Proof.
  pose proof (generating_own M B requests instance p fine s E R L S A good ran runs queued) as on.
  pose proof (kept_running _ _ _ _ _ s good) as old. rewrite ran in old.
  apply Forall_app in old as [old _]. pose proof (kept_log _ _ _ _ _ s good) as well.
  rewrite Forall_forall in on, old, well.
  split; [|split]; intros y here; [apply (on y here)|apply (old y here)|apply (well y here)].
Qed.

(* One id, one request. *)
Lemma one_id r q : In r requests -> In q requests -> id r = id q -> r = q.
Proof. apply nodup_same. exact (distinct_ids _ _ _ instance). Qed.

(* The runs that are evicted now and those of the past do not overlap. *)
Lemma past_separate : ForallOrdPairs apart (map (run_until (now s) false) E ++ log s).
Proof.
  pose proof (distinct_in s good) as old. apply nodup_app in old as (_ & old & _).
  rewrite ran, map_app in old. apply nodup_app in old as (old & _ & _).
  destruct all_known as (_ & known_E & known_log). apply pairs_app; [|exact (proj1 before)|].
  - apply (apart_jobs M B requests instance); [|now apply NoDup_count_occ].
    intros r here. apply in_map_iff in here as (j & <- & here). auto.
  - intros x y here there same. right. apply in_map_iff in here as (i & <- & here). cbn in *.
    apply (proj2 before y i there); [rewrite ran; apply in_app_iff; auto|].
    symmetry. apply one_id; auto.
Qed.

(* It is so after the round. *)
Lemma separate_next : separate (round p s).
Proof.
  pose proof (distinct_in _ good') as once. destruct all_known as (known_R & known_E & known_log).
  unfold separate. rewrite (round_of p s E R L decided) in *. cbn [now log running] in *.
  set (finished := filter has_all (map one_more R)) in *.
  assert (from_R : forall j, In j (map one_more R) -> exists i, In i R /\ j = one_more i).
  { intros j here. apply in_map_iff in here as (i & <- & here). eauto. }
  assert (in_finished : forall j, In j finished -> exists i, In i R /\ j = one_more i)
    by (intros j here; apply filter_In in here as [here _]; auto).
  rewrite filter_app, filter_all, map_app, map_map in once.
  2:{ intros x here. apply in_map_iff in here as (j & <- & _). reflexivity. }
  change (map (fun x => of (run_until (now s + 1) true x)) finished) with (map tag finished)
    in once.
  rewrite <- app_assoc in once. apply nodup_app in once as (once & _ & other).
  assert (known_past : forall x, In x (map (run_until (now s) false) E ++ log s) ->
    In (of x) requests).
  { intros x here. apply in_app_iff in here as [here|here]; [|auto].
    apply in_map_iff in here as (i & <- & here). cbn. auto. }
  split.
  - apply pairs_app; [| |].
    + apply (apart_jobs M B requests instance); [|now apply NoDup_count_occ].
      intros r here. apply in_map_iff in here as (j & <- & here).
      destruct (in_finished j here) as (i & there & ->). cbn. auto.
    + exact past_separate.
    + intros x y here there same. right. apply in_map_iff in here as (j & <- & here).
      destruct (in_finished j here) as (i & on & ->). cbn in *.
      replace (now s + 1 - (generated i + 1)) with (now s - generated i) by lia.
      apply (ended_before y i there on). symmetry. apply one_id; auto.
  - intros x j here there same. apply filter_In in there as [there more].
    apply in_app_iff in here as [here|here].
    + exfalso. apply in_map_iff in here as (i & <- & here). cbn in same.
      apply (other (tag i)); [now apply in_map|]. apply in_app_iff. right. rewrite same.
      apply in_map, filter_In. auto.
    + destruct (from_R j there) as (i & on & ->). cbn in *.
      pose proof (ended_before x i here on same). lia.
Qed.
End Round.

(* It is so after each number of rounds. *)
Lemma separate_after n : separate (after p n (begin requests)).
Proof.
  induction n as [|n before]; [split; [constructor|easy]|].
  pose proof (kept_after M B requests instance p fine ordinary n) as good.
  pose proof (kept_after M B requests instance p fine ordinary (Datatypes.S n)) as good'.
  set (s := after p n (begin requests)) in *.
  change (after p (Datatypes.S n) (begin requests)) with (round p s) in *.
  destruct (decided_by p s) as [[E R] L] eqn:decided.
  destruct (decision_of M B requests instance p fine ordinary s E R L good decided)
    as (S & A & ran & runs & queued & _).
  exact (separate_next s E R L S A good good' decided ran runs queued before).
Qed.

(* Its schedule is valid. *)
Lemma policy_valid fuel l : simulate p fuel requests = Some l -> valid M B requests l.
Proof.
  intros made. pose proof (proj2 (policy_safe M B requests instance p fine ordinary) fuel l) as fit.
  specialize (fun t => fit t made). apply rounds_from in made as (n & ended & <-).
  destruct (separate_after n) as [apart_runs _].
  destruct (kept_after M B requests instance p fine ordinary n) as [each _ _ well _ _].
  set (s := after p n (begin requests)) in *. apply is_done_spec in ended as (no_R & no_W & no_C).
  unfold requests_in in each. rewrite no_R, no_W, no_C in each. cbn in each.
  rewrite app_nil_r in each. rewrite Forall_forall in well. constructor; auto.
  - intros x here done. destruct (well x here) as (_ & _ & _ & len). now rewrite done in len.
  - intros x here out. destruct (well x here) as (is_known & _ & _ & len). now rewrite out in len.
  - intros x here. now destruct (well x here) as (_ & _ & came & _).
Qed.
End Valid.

(* The schedules of the four policies are valid. *)
Theorem policies_valid M B requests p fuel l : sane_instance M B requests ->
  p = amax M B \/ p = h_sf M B \/ p = svf M B \/ p = fcfs M B ->
  simulate p fuel requests = Some l -> valid M B requests l.
Proof.
  intros instance is. destruct (policies_common M B requests p instance is) as [fine ordinary].
  exact (policy_valid M B requests instance p fine ordinary fuel l).
Qed.

(* T2 with the validity of the schedule. *)
Theorem policies_complete M B requests p : sane_instance M B requests ->
  p = amax M B \/ p = h_sf M B \/ p = svf M B \/ p = fcfs M B ->
  exists fuel l, simulate p fuel requests = Some l /\ valid M B requests l /\
    Permutation (map of (filter completed l)) requests /\
    (forall busy, NoDup busy -> Forall (fun t => exists x, In x l /\ start x <= t < stop x) busy ->
      Z.of_nat (length busy) <= sum output_len requests) /\
    forall x, In x l -> stop x <= last_arrival requests + sum output_len requests.
Proof.
  intros instance is. destruct (policies_terminate M B requests p instance is)
    as (fuel & l & made & rest). exists fuel, l. split; [exact made|]. split; [|exact rest].
  exact (policies_valid M B requests p fuel l instance is made).
Qed.
