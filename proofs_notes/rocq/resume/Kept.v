(* What holds of every state of Amin on the machine that keeps tokens. T1 and T3 and the validity of
   schedules rest on it. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Steps Policies Chosen.
From AminRef.resume Require Import Keeping.
Import ListNotations.
Open Scope Z_scope.

(* A round in one equation. *)
Lemma keeping_round_of p s E R L : decided_by p s = (E, R, L) ->
  keeping_round p s = State (now s + 1) (filter unfinished (map one_more R))
    (insert_all (before p) E L) (coming_later s)
    (map (ends_kept (log s) (now s + 1) true) (filter has_all (map one_more R)) ++
     map (ends_kept (log s) (now s) false) E ++ log s).
Proof.
  intros decided. unfold keeping_round. rewrite !partition_filters.
  unfold decided_by, queue_of, arriving in decided. rewrite decided, partition_filters. reflexivity.
Qed.

(* The tokens of two lists of runs. *)
Lemma tokens_app l m r : tokens_in (l ++ m) r = tokens_in l r + tokens_in m r.
Proof. unfold tokens_in. now rewrite filter_app, sum_app. Qed.

(* Runs of other requests have no tokens of r. *)
Lemma tokens_of_others l r : (forall x, In x l -> id (of x) <> id r) -> tokens_in l r = 0.
Proof.
  intros others. unfold tokens_in. rewrite filter_none; [reflexivity|]. intros x here.
  apply Z.eqb_neq. auto.
Qed.

(* Runs that end together have the tokens that j generated in its last run, if j is one of them. *)
Lemma tokens_of_one past t how l j : NoDup (map id (map tag l)) -> In j l ->
  tokens_in (map (ends_kept past t how) l) (tag j) = generated j - tokens_in past (tag j).
Proof.
  intros distinct here. apply in_split in here as (a & b & ->).
  rewrite !map_app in *. cbn [map] in *. apply NoDup_remove_2 in distinct.
  assert (other : forall m, incl m (a ++ b) ->
    tokens_in (map (ends_kept past t how) m) (tag j) = 0).
  { intros m part. apply tokens_of_others. intros x there same.
    apply in_map_iff in there as (i & <- & there). apply distinct.
    rewrite <- !map_app, <- same. cbn. now apply in_map, in_map, part. }
  change (?f j :: ?l) with ([f j] ++ l). rewrite !tokens_app, !other; auto with datatypes.
  unfold tokens_in at 1. cbn. rewrite Z.eqb_refl. cbn. lia.
Qed.

Section Kept.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Let block := some_block _ _ _ instance.
Let capacity := some_capacity _ _ _ instance.

(* The job of a request of the instance. T3 holds of it. *)
Definition known_job (j : job request) : Prop :=
  In (tag j) requests /\ rank j = rank_of (tag j) /\ fair j.

(* A job that runs at the start of a round. *)
Definition runs_on (s : state) (j : job request) : Prop :=
  tokens_in (log s) (tag j) < generated j < output_len (tag j) /\
  generated j <= assumed j + 1 /\
  arrival (tag j) <= now s - (generated j - tokens_in (log s) (tag j)).

(* A job that waits at the start of a round. *)
Definition waits_on (s : state) (j : job request) : Prop :=
  generated j = tokens_in (log s) (tag j) /\ generated j < output_len (tag j) /\
  generated j <= assumed j /\ arrival (tag j) <= now s.

(* The invariant. *)
Record keeps (s : state) : Prop := Keeps {
  keeps_once : Permutation (requests_in s) requests;
  keeps_running : Forall (fun j => known_job j /\ runs_on s j) (running s);
  keeps_waiting : Forall (fun j => known_job j /\ waits_on s j) (waiting s);
  keeps_coming : Forall (fun r => now s <= arrival r /\ tokens_in (log s) r = 0) (coming s);
  keeps_order : in_order (waiting s);
  keeps_plan : forall k, 0 <= k ->
    as_assumed B k (filter (fun j => negb (outlives j)) (map learnt (running s))) <= M;
  keeps_log : Forall (fun x => In (of x) requests /\ arrival (of x) <= start x /\
    start x < stop x <= now s) (log s);
  keeps_after : forall x j, In x (log s) -> In j (running s) -> id (of x) = id (tag j) ->
    stop x <= now s - (generated j - tokens_in (log s) (tag j)) }.

(* The runs of the past have no negative length. *)
Lemma tokens_nonneg s r : keeps s -> 0 <= tokens_in (log s) r.
Proof.
  intros good. apply sum_nonneg. intros x here. apply filter_In in here as [here _].
  pose proof (keeps_log s good) as all. rewrite Forall_forall in all. specialize (all x here). lia.
Qed.

(* The invariant holds before the first round. *)
Lemma keeps_first : keeps (begin requests).
Proof.
  constructor; cbn; auto; try constructor.
  - pose proof (all_sane _ _ _ instance) as all. apply Forall_forall. intros r here.
    rewrite Forall_forall in all. now destruct (all r here).
  - easy.
Qed.

Section Round.
Variable s : state.
Variables E R L S A : list (job request).
Hypothesis good : keeps s.
Hypothesis decided : decided_by (amin M B) s = (E, R, L).
Hypothesis lined_up : line_up (running s) = E ++ S.
Hypothesis queued : queue_of (amin M B) s = A ++ L.
Hypothesis running_now : Permutation R (S ++ A).
Hypothesis fit : never_exceeds M B (S ++ A).
Let s' := keeping_round (amin M B) s.
Let finished := filter has_all (map one_more R).
Let going := filter unfinished (map one_more R).

(* The next state, part by part. *)
Lemma next_state : s' = State (now s + 1) going (insert_all precedes E L) (coming_later s)
  (map (ends_kept (log s) (now s + 1) true) finished ++
   map (ends_kept (log s) (now s) false) E ++ log s).
Proof. exact (keeping_round_of (amin M B) s E R L decided). Qed.

(* Those that generate a token finish or go on. *)
Lemma generating_perm : Permutation (map one_more (S ++ A)) (finished ++ going).
Proof.
  rewrite <- running_now. apply (partition_spec has_all). apply partition_filters.
Qed.

(* Where the requests are after step 5. *)
Lemma places : Permutation (map of (filter completed (log s)) ++ map tag E ++ map tag finished ++
  map tag going ++ map tag L ++ coming_later s) requests.
Proof.
  pose proof (Permutation_map tag generating_perm) as generated_all.
  rewrite map_map, !map_app in generated_all.
  change (map (fun x => tag (one_more x))) with (map (@tag request)) in generated_all.
  assert (ran : Permutation (map tag (running s)) (map tag E ++ map tag S)).
  { rewrite <- map_app, <- lined_up, line_up_perm, map_map. reflexivity. }
  assert (waited : Permutation (map tag (waiting s) ++ arriving s) (map tag A ++ map tag L)).
  { rewrite <- map_app, <- queued, queue_of_perm, map_app, map_map. cbn. now rewrite map_id. }
  rewrite <- (keeps_once s good). apply (Permutation_count_occ request_dec). intros r.
  unfold requests_in.
  pose proof (proj1 (Permutation_count_occ request_dec _ _) generated_all r) as c1.
  pose proof (proj1 (Permutation_count_occ request_dec _ _) ran r) as c2.
  pose proof (proj1 (Permutation_count_occ request_dec _ _) waited r) as c3.
  pose proof (proj1 (Permutation_count_occ request_dec _ _) (coming_perm s) r) as c4.
  rewrite !count_occ_app in *. lia.
Qed.

(* They have distinct ids. *)
Lemma places_distinct : NoDup (map id (map tag E) ++ map id (map tag finished) ++
  map id (map tag going) ++ map id (map tag L) ++ map id (coming_later s)).
Proof.
  pose proof (distinct_ids _ _ _ instance) as distinct.
  rewrite <- (Permutation_map id places), map_app in distinct.
  apply nodup_app in distinct as (_ & distinct & _). now rewrite !map_app in distinct.
Qed.

(* A job that is evicted or stays. *)
Lemma in_cache j : In j (E ++ S) -> known_job j /\ runs_on s j /\ generated j <= assumed j.
Proof.
  rewrite <- lined_up. intros here. apply (Permutation_in _ (line_up_perm _)) in here.
  apply in_map_iff in here as (i & <- & here). pose proof (keeps_running s good) as all.
  rewrite Forall_forall in all. destruct (all i here) as ((is_known & own & same & range) & runs).
  unfold known_job, runs_on, fair in *. rewrite learnt_assumed.
  cbn [learnt tag prompt rank generated] in *. repeat split; auto; lia.
Qed.

(* A job that is admitted or waits on. *)
Lemma in_queue j : In j (A ++ L) -> known_job j /\ waits_on s j.
Proof.
  rewrite <- queued. intros here. apply (Permutation_in _ (queue_of_perm _ s)) in here.
  apply in_app_iff in here as [here|here].
  - pose proof (keeps_waiting s good) as all. rewrite Forall_forall in all. now apply all.
  - apply in_map_iff in here as (r & <- & here). apply filter_In in here as [here came].
    apply Z.leb_le in came. pose proof (keeps_coming s good) as all. rewrite Forall_forall in all.
    destruct (all r here) as [_ none]. assert (is_known : In r requests).
    { eapply Permutation_in; [exact (keeps_once s good)|]. unfold requests_in.
      rewrite !in_app_iff. auto. }
    destruct (sane_of M B requests instance r is_known) as [_ some low _ _ _].
    unfold known_job, fair, waits_on. cbn. repeat split; auto; lia.
Qed.

(* A job that generates a token. *)
Lemma generates j : In j (S ++ A) -> known_job j /\
  tokens_in (log s) (tag j) <= generated j < output_len (tag j) /\ generated j <= assumed j /\
  arrival (tag j) <= now s - (generated j - tokens_in (log s) (tag j)).
Proof.
  intros here. apply in_app_iff in here as [here|here].
  - destruct (in_cache j) as (known & (range & _ & came) & low); [apply in_app_iff; auto|].
    repeat split; auto; try apply known; lia.
  - destruct (in_queue j) as (known & same & less & low & came); [apply in_app_iff; auto|].
    repeat split; auto; try apply known; lia.
Qed.

(* Their lengths are not negative. *)
Lemma counts_job j : known_job j -> tokens_in (log s) (tag j) <= generated j -> counts j.
Proof.
  intros (is_known & _ & same & _) some. pose proof (tokens_nonneg s (tag j) good).
  destruct (sane_of M B requests instance _ is_known) as [some_prompt _ _ _ _ _]. split; lia.
Qed.

(* A job that finishes or goes on generated its token in this round. *)
Lemma from_generating j : In j (finished ++ going) -> exists i, In i (S ++ A) /\ j = one_more i.
Proof.
  intros here. apply (Permutation_in _ (Permutation_sym generating_perm)) in here.
  apply in_map_iff in here as (i & <- & here). eauto.
Qed.

(* The tokens of a request that neither finishes nor is evicted are those of before. *)
Lemma tokens_unchanged r : ~ In (id r) (map id (map tag E) ++ map id (map tag finished)) ->
  tokens_in (log s') r = tokens_in (log s) r.
Proof.
  intros other. rewrite in_app_iff in other. rewrite next_state. cbn [log]. rewrite !tokens_app.
  rewrite (tokens_of_others (map _ finished)), (tokens_of_others (map _ E)); [reflexivity| |];
    intros x here same; apply in_map_iff in here as (j & <- & here); apply other; cbn in same;
    rewrite <- same; [left|right]; now apply in_map, in_map.
Qed.

(* The tokens of a request that is evicted are those that its job has generated. *)
Lemma tokens_evicted j : In j E -> tokens_in (log s') (tag j) = generated j.
Proof.
  intros here. pose proof places_distinct as distinct.
  apply nodup_app in distinct as (distinct & _ & apart_E).
  rewrite next_state. cbn [log]. rewrite !tokens_app, (tokens_of_others (map _ finished)).
  - rewrite tokens_of_one by assumption. lia.
  - intros x there same. apply in_map_iff in there as (i & <- & there). cbn in same.
    apply (apart_E (id (tag j))); [now apply in_map, in_map|]. apply in_app_iff. left.
    rewrite <- same. now apply in_map, in_map.
Qed.
(* Those that still have to complete are not among those that finish or are evicted. *)
Lemma others r : In (id r) (map id (map tag going) ++ map id (map tag L) ++ map id (coming_later s))
  -> ~ In (id r) (map id (map tag E) ++ map id (map tag finished)).
Proof.
  intros here there. pose proof places_distinct as distinct. rewrite app_assoc in distinct.
  apply nodup_app in distinct as (_ & _ & distinct). exact (distinct _ there here).
Qed.

(* Earlier runs of a job's request have ended when its present run began. *)
Lemma after_log x j : In x (log s) -> In j (E ++ S) \/ In j (A ++ L) -> id (of x) = id (tag j) ->
  stop x <= now s - (generated j - tokens_in (log s) (tag j)).
Proof.
  intros here [there|there] same.
  - rewrite <- lined_up in there. apply (Permutation_in _ (line_up_perm _)) in there.
    apply in_map_iff in there as (i & <- & there). exact (keeps_after s good x i here there same).
  - destruct (in_queue j there) as (_ & all_of_them & _).
    pose proof (keeps_log s good) as all. rewrite Forall_forall in all. specialize (all x here).
    lia.
Qed.

(* Every request is still there once. *)
Lemma next_once : Permutation (requests_in s') requests.
Proof.
  rewrite <- places, next_state. unfold requests_in. cbn [log running waiting coming].
  rewrite !filter_app, (filter_all _ (map (ends_kept _ _ true) _)),
    (filter_none _ (map (ends_kept _ _ false) _)).
  - rewrite app_nil_l, map_app, map_map, (Permutation_map tag (insert_all_perm precedes E L)).
    rewrite map_app. apply (Permutation_count_occ request_dec). intros r.
    change (map (fun x => of (ends_kept (log s) (now s + 1) true x)) finished)
      with (map (@tag request) finished). rewrite !count_occ_app. lia.
  - intros x here. apply in_map_iff in here as (j & <- & _). reflexivity.
  - intros x here. apply in_map_iff in here as (j & <- & _). reflexivity.
Qed.

(* Those that run in the next round run on. *)
Lemma next_running : Forall (fun j => known_job j /\ runs_on s' j) (running s').
Proof.
  apply Forall_forall. intros j here. rewrite next_state in here. cbn [running] in here.
  destruct (from_generating j) as (i & there & ->); [apply in_app_iff; auto|].
  destruct (generates i there) as (known & range & low & came).
  split; [exact known|]. unfold runs_on. rewrite tokens_unchanged.
  - rewrite next_state. cbn [now one_more tag generated assumed].
    apply filter_In in here as [_ more]. apply negb_true_iff, Z.eqb_neq in more.
    cbn in more. lia.
  - apply others. apply in_app_iff. left. now apply in_map, in_map.
Qed.

(* Those that wait in the next round wait on. *)
Lemma next_waiting : Forall (fun j => known_job j /\ waits_on s' j) (waiting s').
Proof.
  apply Forall_forall. intros j here. rewrite next_state in here. cbn [waiting] in here.
  apply (Permutation_in _ (insert_all_perm precedes E L)) in here. unfold waits_on.
  replace (now s') with (now s + 1) by now rewrite next_state.
  apply in_app_iff in here as [here|here].
  - destruct (in_cache j) as (known & (range & _ & came) & low); [apply in_app_iff; auto|].
    rewrite (tokens_evicted j here). pose proof (tokens_nonneg s (tag j) good).
    split; [exact known|]. lia.
  - destruct (in_queue j) as (known & same & less & low & came); [apply in_app_iff; auto|].
    split; [exact known|]. rewrite tokens_unchanged; [lia|]. apply others. rewrite !in_app_iff.
    right. left. now apply in_map, in_map.
Qed.

(* Those that have not arrived come later, without tokens. *)
Lemma next_coming : Forall (fun r => now s' <= arrival r /\ tokens_in (log s') r = 0) (coming s').
Proof.
  apply Forall_forall. intros r here. rewrite next_state in here. cbn [coming] in here.
  rewrite tokens_unchanged
    by (apply others; rewrite !in_app_iff; right; right; now apply in_map).
  apply filter_In in here as [here not_now]. apply negb_true_iff, Z.leb_gt in not_now.
  pose proof (keeps_coming s good) as all. rewrite Forall_forall in all. rewrite next_state. cbn.
  specialize (all r here). lia.
Qed.

(* The queue is still in order. *)
Lemma next_order : in_order (waiting s').
Proof.
  rewrite next_state. cbn [waiting]. apply insert_all_in_order.
  assert (sorted : in_order (queue_of (amin M B) s))
    by (apply insert_all_in_order; exact (keeps_order s good)).
  rewrite queued in sorted. now apply sorted_app in sorted as (_ & sorted & _).
Qed.

(* The plan of those that do not outlive still fits. *)
Lemma next_plan k : 0 <= k ->
  as_assumed B k (filter (fun j => negb (outlives j)) (map learnt (running s'))) <= M.
Proof.
  intros later. rewrite next_state. cbn [running].
  apply (plan_moves_on B block M (S ++ A)); auto.
  - apply Forall_forall. intros j here. destruct (generates j here) as (known & range & _).
    apply counts_job; [exact known|lia].
  - exists finished. exact generating_perm.
Qed.

(* The runs of the past, with those that end in this round. *)
Lemma next_log : Forall (fun x => In (of x) requests /\ arrival (of x) <= start x /\
  start x < stop x <= now s') (log s').
Proof.
  apply Forall_forall. intros x here. rewrite next_state in *. cbn [log now] in *.
  apply in_app_iff in here as [here|here]; [|apply in_app_iff in here as [here|here]].
  - apply in_map_iff in here as (j & <- & here).
    destruct (from_generating j) as (i & there & ->); [apply in_app_iff; auto|].
    destruct (generates i there) as (known & range & low & came). cbn.
    split; [apply known|]. lia.
  - apply in_map_iff in here as (j & <- & here).
    destruct (in_cache j) as (known & (range & _ & came) & low); [apply in_app_iff; auto|].
    cbn. split; [apply known|]. lia.
  - pose proof (keeps_log s good) as all. rewrite Forall_forall in all. specialize (all x here).
    repeat split; try apply all; lia.
Qed.

(* They had ended when the present runs of their requests began. *)
Lemma next_after x j : In x (log s') -> In j (running s') -> id (of x) = id (tag j) ->
  stop x <= now s' - (generated j - tokens_in (log s') (tag j)).
Proof.
  intros here there same. replace (running s') with going in there by now rewrite next_state.
  assert (other : ~ In (id (tag j)) (map id (map tag E) ++ map id (map tag finished)))
    by (apply others, in_app_iff; left; now apply in_map, in_map).
  rewrite (tokens_unchanged _ other). rewrite next_state in *. cbn [log now] in *.
  apply in_app_iff in here as [here|here]; [|apply in_app_iff in here as [here|here]].
  - exfalso. apply other, in_app_iff. right. apply in_map_iff in here as (i & <- & here).
    change (id (tag i) = id (tag j)) in same. rewrite <- same. now apply in_map, in_map.
  - exfalso. apply other, in_app_iff. left. apply in_map_iff in here as (i & <- & here).
    change (id (tag i) = id (tag j)) in same. rewrite <- same. now apply in_map, in_map.
  - destruct (from_generating j) as (i & generating & ->); [apply in_app_iff; auto|].
    cbn [one_more tag generated] in *.
    enough (stop x <= now s - (generated i - tokens_in (log s) (tag i))) by lia.
    apply after_log; [exact here| |exact same]. rewrite !in_app_iff in *. tauto.
Qed.

(* The invariant holds after the round. *)
Lemma keeps_next : keeps s'.
Proof.
  constructor; auto using next_once, next_running, next_waiting, next_coming, next_order, next_plan,
    next_log, next_after.
Qed.
End Round.

(* The requests of those that run, wait or are still to come have distinct ranks. *)
Lemma ranks_distinct s : keeps s -> NoDup (map rank (running s)) /\
  NoDup (map rank (queue_of (amin M B) s)).
Proof.
  intros good. pose proof (distinct_ranks _ _ _ instance) as distinct.
  rewrite <- (Permutation_map rank_of (keeps_once s good)) in distinct.
  unfold requests_in in distinct. rewrite map_app in distinct.
  apply nodup_app in distinct as (_ & distinct & _). rewrite map_app in distinct.
  apply nodup_app in distinct as (of_running & distinct & _).
  assert (own : forall l P, Forall (fun j => known_job j /\ P j) l ->
    map rank l = map rank_of (map tag l)).
  { intros l P all. rewrite map_map. apply map_ext_in. intros j here.
    rewrite Forall_forall in all. now destruct (all j here) as ((_ & same & _) & _). }
  split; [now rewrite (own _ _ (keeps_running s good))|].
  eapply Permutation_NoDup; [symmetry; apply Permutation_map, queue_of_perm|].
  rewrite map_app, map_map. rewrite (coming_perm s), app_assoc, map_app in distinct.
  apply nodup_app in distinct as (distinct & _). rewrite map_app in distinct.
  now rewrite (own _ _ (keeps_waiting s good)).
Qed.

(* What Amin decides in a round, with its parts named by their places. *)
Lemma decided_parts s E R L : keeps s -> decided_by (amin M B) s = (E, R, L) -> exists S A,
  line_up (running s) = E ++ S /\ queue_of (amin M B) s = A ++ L /\ Permutation R (S ++ A) /\
  next_tokens B S <= M /\
  (forall i, (i < length E)%nat -> M < next_tokens B (skipn i (line_up (running s)))) /\
  never_exceeds M B (S ++ A) /\ forall w l, L = w :: l -> ~ never_exceeds M B (S ++ A ++ [w]).
Proof.
  intros good decided. apply (chosen_parts M B block capacity) in decided.
  - exact decided.
  - apply Forall_forall. intros j here. pose proof (keeps_running s good) as all.
    rewrite Forall_forall in all. destruct (all j here) as (known & range & _).
    apply (counts_job s good); [exact known|lia].
  - apply Forall_forall. intros j here. apply (Permutation_in _ (queue_of_perm _ s)) in here.
    apply in_app_iff in here as [here|here].
    + pose proof (keeps_waiting s good) as all. rewrite Forall_forall in all.
      destruct (all j here) as (known & same & _). apply (counts_job s good); [exact known|lia].
    + apply in_map_iff in here as (r & <- & here). apply filter_In in here as [here _].
      assert (is_known : In r requests).
      { eapply Permutation_in; [exact (keeps_once s good)|]. unfold requests_in.
        rewrite !in_app_iff. auto. }
      destruct (sane_of M B requests instance r is_known) as [some_prompt _ _ _ _ _].
      split; cbn; lia.
  - intros k later. apply (keeps_plan s good). lia.
Qed.

(* The invariant holds in every round. *)
Theorem always_keeps n : keeps (keeping (amin M B) requests n).
Proof.
  induction n as [|n good]; [exact keeps_first|].
  destruct (decided_by (amin M B) (keeping (amin M B) requests n)) as [[E R] L] eqn:decided.
  destruct (decided_parts _ _ _ _ good decided)
    as (S & A & lined_up & queued & now_running & _ & _ & fit & _).
  exact (keeps_next _ _ _ _ _ _ good decided lined_up queued now_running fit).
Qed.
End Kept.
