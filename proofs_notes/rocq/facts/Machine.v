(* The program's round is a round of the relation, and the program keeps its queue in order. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Steps Ranks.
Import ListNotations.
Open Scope Z_scope.

Section Machine.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.

(* Jobs of distinct requests of the instance have distinct ranks. *)
Lemma distinct_ranks_of (l : list (job request)) :
  Forall (fun j => rank j = rank_of (tag j) /\ In (tag j) requests) l ->
  (forall r, (times (map tag l) r <= 1)%nat) -> NoDup (map rank l).
Proof.
  induction l as [|j l IH]; cbn; intros all distinct; [constructor|].
  apply Forall_cons_iff in all as [[same is_known] all]. constructor.
  - intros here. apply in_map_iff in here as (i & tie & here). rewrite Forall_forall in all.
    destruct (all i here) as [same' is_known']. assert (one : tag j = tag i).
    { apply (nodup_same rank_of requests); auto; [exact (distinct_ranks _ _ _
        instance)|congruence]. }
    pose proof (count_in _ _ here) as twice. specialize (distinct (tag j)).
    destruct (request_dec (tag j) (tag j)); [|easy]. rewrite one in distinct. lia.
  - apply IH; [exact all|]. intros r. specialize (distinct r). destruct (request_dec _ _); lia.
Qed.

(* In a state that rounds lead to, the requests of all lists are distinct. *)
Lemma tags_once s r : safe M B requests s ->
  (times (map tag (running s)) r + times (map tag (waiting s)) r + times (coming s) r <= 1)%nat.
Proof.
  intros before. pose proof (once M B requests instance r). pose proof (tags_before M B _ _ before
    r). lia.
Qed.

(* A job that runs or waits has lengths that are not negative, and its request's rank. *)
Lemma jobs_known s : safe M B requests s -> ranked s -> Forall (fun j => counts j /\
  rank j = rank_of (tag j) /\ In (tag j) requests) (running s ++ waiting s).
Proof.
  intros before own. apply Forall_forall. intros j here.
  unfold ranked in own. rewrite Forall_forall in own. specialize (own j here).
  assert (is_known : In (tag j) requests).
  { apply (known M B requests s before). apply in_app_iff in here as [here|here].
    - left. now apply in_map.
    - right; left. now apply in_map. }
  destruct (sane_of M B requests instance _ is_known) as [some_prompt _ _ _ _ _].
  pose proof (running_well _ _ _ _ before) as runs. pose proof (waiting_well _ _ _ _ before) as
    waits.
  rewrite Forall_forall in runs, waits. unfold counts. apply in_app_iff in here as [here|here].
  - destruct (runs j here) as ((same_prompt & _) & some & _). repeat split; auto; lia.
  - destruct (waits j here) as ((same_prompt & _) & none & _). repeat split; auto; lia.
Qed.

(* The program's queue after step 1. *)
Definition queue (s : state) (arrived : list request) : list (job request) :=
  insert_all precedes (map (new_job (amin M B)) arrived) (waiting s).

(* It holds those that waited and those that arrive, in ascending order. *)
Lemma queue_ascends s arrived later : safe M B requests s -> ranked s -> in_order (waiting s) ->
  Permutation (coming s) (arrived ++ later) ->
  Permutation (queue s arrived) (waiting s ++ map arrives arrived) /\
  Forall counts (queue s arrived) /\ ascending (queue s arrived).
Proof.
  intros before own sorted split_up. pose proof (jobs_known s before own) as all.
  apply Forall_app in all as [_ all]. rewrite Forall_forall in all.
  assert (same : Permutation (queue s arrived) (waiting s ++ map arrives arrived))
    by (unfold queue; rewrite insert_all_perm; apply Permutation_app_comm).
  assert (each : Forall (fun j => counts j /\ rank j = rank_of (tag j) /\ In (tag j) requests)
    (queue s arrived)).
  { eapply Permutation_Forall; [symmetry; exact same|]. apply Forall_app. split.
    - now apply Forall_forall.
    - apply Forall_map, Forall_forall. intros r here. cbn. assert (is_known : In r requests).
      { apply (known M B requests s before). right; right. eapply Permutation_in;
          [symmetry; exact split_up|]. apply in_app_iff. auto. }
      destruct (sane_of M B requests instance _ is_known) as [some_prompt _ _ _ _ _].
      unfold counts. cbn. repeat split; auto; lia. }
  split; [exact same|]. split; [eapply Forall_impl; [|exact each]; now intros j [is _]|].
  apply strictly; [now apply insert_all_in_order|].
  apply (distinct_ranks_of); [eapply Forall_impl; [|exact each]; now intros
    j [_ is]|].
  intros r. rewrite (proj1 (Permutation_count_occ request_dec _ _) (Permutation_map tag same) r).
  rewrite map_app, count_occ_app, map_map. cbn. rewrite map_id.
  pose proof (tags_once s r before). pose proof (proj1 (Permutation_count_occ request_dec _ _)
    split_up r) as came.
  rewrite count_occ_app in came. lia.
Qed.

(* The ranks of the running jobs are distinct. *)
Lemma running_ranks s : safe M B requests s -> ranked s -> NoDup (map rank (running s)).
Proof.
  intros before own. pose proof (jobs_known s before own) as all.
  apply Forall_app in all as [all _].
  apply (distinct_ranks_of); [eapply Forall_impl; [|exact all]; now intros j
    [_ is]|].
  intros r. pose proof (tags_once s r before). lia.
Qed.

(* A part of a list in order is in order. *)
Lemma in_order_end (l m : list (job request)) : ascending (l ++ m) -> in_order m.
Proof.
  intros sorted. apply sorted_app in sorted as (_ & sorted & _). unfold in_order.
  induction sorted as [|x m _ IH first]; constructor; [exact IH|]. eapply Forall_impl; [|exact
    first].
  intros y strict. rewrite precedes_spec. rewrite below_spec in strict. lia.
Qed.

(* The program's round. *)
Theorem round_is s : safe M B requests s -> ranked s -> in_order (waiting s) ->
  amin_round M B s (round (amin M B) s) /\ in_order (waiting (round (amin M B) s)).
Proof.
  intros before own sorted. unfold round.
  destruct (partition (fun r => arrival r <=? now s) (coming s)) as [arrived later] eqn:step_1.
  apply partition_spec in step_1 as (split_up & came & to_come).
  destruct (queue_ascends s arrived later before own sorted split_up) as (same & counted & ascends).
  cbn [Model.before amin steps]. fold (queue s arrived).
  destruct (amin_steps M B (running s) (queue s arrived)) as [[E R'] L] eqn:steps_2_to_4.
  destruct (partition has_all (map generate R')) as [finished going] eqn:step_5.
  apply partition_spec in step_5 as (generated_all & done & undone).
  pose proof (jobs_known s before own) as all. apply Forall_app in all as [all _].
  destruct (amin_steps_decision M B (some_block _ _ _ instance) _ _ _ _ _ (some_capacity _ _ _
    instance)
    (Forall_impl _ (fun j is => proj1 is) all) counted
    (fun k later_on => planned _ _ _ _ before k ltac:(lia)) (running_ranks s before own) ascends
      steps_2_to_4)
    as (S & A & D & next & cut).
  split; [|apply insert_all_in_order; rewrite cut in ascends; exact (in_order_end _ _ ascends)].
  exists arrived, later, E, S, A, L, finished, going.
  pose proof (not_yet _ _ _ _ before) as from_now. rewrite Forall_forall in from_now.
  constructor; cbn [now running waiting coming log]; auto.
  - apply Forall_forall. intros r here. specialize (came r here). apply Z.leb_le in came.
    assert (now s <= arrival r); [|lia]. apply from_now. rewrite split_up. apply in_app_iff. auto.
  - apply Forall_forall. intros r here. specialize (to_come r here). apply Z.leb_gt in to_come. lia.
  - destruct D as [ran needed enough waited fit no_fit]. constructor; auto.
    now rewrite <- same.
  - rewrite <- generated_all. symmetry. now apply Permutation_map.
  - apply Forall_forall. intros j here. now apply Z.eqb_eq, done.
  - apply Forall_forall. intros j here. now apply Z.eqb_neq, undone.
  - rewrite insert_all_perm. apply Permutation_app_comm.
Qed.
End Machine.
