(* H-SF's rounds if all requests arrive in round 0: the queue is sorted once, and each round
   admits a
   prefix of it. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Steps.
Import ListNotations.
Open Scope Z_scope.

(* A job of H-SF: it shows the machine's request, and its true length is assumed. *)
Definition exact (j : job request) : Prop := prompt j = prompt_len (tag j) /\
  assumed j = output_len (tag j) /\ rank j = rank_of (tag j).

(* r comes before q in H-SF's order. *)
Definition shorter (r q : request) : Prop := output_len r < output_len q \/
  (output_len r = output_len q /\ rank_of r < rank_of q).

(* The parts of a round from s to s'. *)
Record reserving_parts (M B : Z) (s s' : state) (A L finished going : list (job request)) : Prop :=
ReservingParts {
  time_goes_on : now s' = now s + 1;
  none_comes : coming s' = [];
  prefix_admitted : waiting s = A ++ L;
  rest_waits : waiting s' = L;
  admitted_fit : never_exceeds M B (running s ++ A);
  next_does_not : forall w l, L = w :: l -> ~ never_exceeds M B (running s ++ A ++ [w]);
  each_one_token : Permutation (map one_more (running s ++ A)) (finished ++ going);
  finished_has_all : Forall (fun j => generated j = output_len (tag j)) finished;
  going_has_not : Forall (fun j => generated j <> output_len (tag j)) going;
  going_runs : running s' = going;
  finished_logged : log s' = map (run_until (now s + 1) true) finished ++ log s }.

(* What holds at the start of each round. *)
Record orderly (M B : Z) (requests : list request) (s : state) : Prop := Orderly {
  all_came : coming s = [];
  queue_sorted : ascending (waiting s);
  queue_exact : Forall (fun j => exact j /\ generated j = 0) (waiting s);
  running_exact : Forall (fun j => exact j /\ 1 <= generated j < output_len (tag j)) (running s);
  running_fits : never_exceeds M B (running s);
  log_whole : Forall (fun x => completed x = true /\ stop x - start x = output_len (of x)) (log s);
  none_lost : Permutation (map of (log s) ++ map tag (running s) ++ map tag (waiting s)) requests;
  started_first : forall r j, In r (map of (log s) ++ map tag (running s)) -> In j (waiting s) ->
    shorter r (tag j) }.

Section AtOnce.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Hypothesis zero : Forall (fun r => arrival r = 0) requests.
Notation next := (round (h_sf M B)).

(* Before round 0, with the queue sorted already. *)
Definition queued : state :=
  State 0 [] (insert_all precedes (map (new_job (h_sf M B)) requests) []) [] [].

(* It makes no difference to the first round. *)
Lemma first_round : next (begin requests) = next queued.
Proof.
  assert (all : partition (fun r => arrival r <=? 0) requests = (requests, [])).
  { clear instance. induction requests as [|r l IH]; [reflexivity|].
    apply Forall_cons_iff in zero as [zero_r zero_l]. cbn [partition]. now rewrite IH, zero_r. }
  unfold round, begin, queued. cbn [coming now waiting running log]. rewrite all. reflexivity.
Qed.

(* A round of H-SF once all requests have arrived. *)
Lemma round_reserves s : orderly M B requests s ->
  exists A L finished going, reserving_parts M B s (next s) A L finished going.
Proof.
  intros [none _ _ _ fit _ _ _]. unfold round. rewrite none.
  cbn [partition map insert_all fold_right].
  cbn [before h_sf steps]. unfold reserving_steps.
  destruct (admit M B (running s) (waiting s)) as [R' L] eqn:step_4.
  destruct (partition has_all (map generate R')) as [finished going] eqn:step_5.
  apply partition_spec in step_5 as (generated_all & done & undone).
  destruct (admit_spec M B (some_block _ _ _ instance) _ _ _ _ fit step_4)
    as (A & cut & same & fit' & stop).
  exists A, L, finished, going. constructor; cbn [now running waiting coming log]; auto.
  - rewrite <- generated_all. symmetry. now apply Permutation_map.
  - apply Forall_forall. intros j here. now apply Z.eqb_eq, done.
  - apply Forall_forall. intros j here. now apply Z.eqb_neq, undone.
Qed.

(* Before the first round all is in order. *)
Lemma queued_orderly : orderly M B requests queued.
Proof.
  assert (same : Permutation (waiting queued) (map (new_job (h_sf M B)) requests))
    by (cbn; now rewrite insert_all_perm, app_nil_r).
  constructor; try easy.
  - apply strictly; [apply insert_all_in_order; constructor|].
    eapply Permutation_NoDup; [symmetry; apply Permutation_map, same|]. rewrite map_map.
    exact (distinct_ranks _ _ _ instance).
  - eapply Permutation_Forall; [symmetry; exact same|]. apply Forall_map, Forall_forall.
    intros r _. repeat split.
  - constructor.
  - intros k _. exact (some_capacity _ _ _ instance).
  - constructor.
  - cbn [log running map app]. rewrite same, map_map. cbn. now rewrite map_id.
Qed.

Section Round.
Variables s s' : state.
Variables A L finished going : list (job request).
Hypothesis before : orderly M B requests s.
Hypothesis parts : reserving_parts M B s s' A L finished going.

(* A job that runs or waits is one of the instance's requests. *)
Lemma tag_known j : In j (running s ++ A ++ L) -> In (tag j) requests.
Proof.
  intros here. eapply Permutation_in; [exact (none_lost _ _ _ _ before)|].
  rewrite (prefix_admitted _ _ _ _ _ _ _ _ parts). apply in_app_iff. right.
  rewrite <- map_app. now apply in_map.
Qed.

(* It is exact, and has not generated all its tokens. *)
Lemma tries j : In j (running s ++ A ++ L) -> exact j /\ 0 <= generated j < output_len (tag j).
Proof.
  intros here. pose proof (all_sane _ _ _ instance) as sane_ones.
  rewrite Forall_forall in sane_ones.
  destruct (sane_ones _ (tag_known j here)) as [_ some _ _ _ _].
  pose proof (running_exact _ _ _ _ before) as runs. pose proof (queue_exact _ _ _ _ before) as
    waits.
  rewrite (prefix_admitted _ _ _ _ _ _ _ _ parts) in waits. rewrite Forall_forall in runs, waits.
  apply in_app_iff in here as [here|here].
  - destruct (runs j here). split; [assumption|lia].
  - destruct (waits j here). split; [assumption|lia].
Qed.

(* Its lengths are not negative. *)
Lemma tries_counts l : incl l (running s ++ A ++ L) -> Forall counts l.
Proof.
  intros part. apply Forall_forall. intros j here. apply part in here.
  pose proof (all_sane _ _ _ instance) as sane_ones. rewrite Forall_forall in sane_ones.
  destruct (sane_ones _ (tag_known j here)) as [some _ _ _ _ _].
  destruct (tries j here) as ((same & _) & range). split; lia.
Qed.

(* A job that finishes or goes on generated its token in this round. *)
Lemma one_token j : In j (finished ++ going) -> exists i, In i (running s ++ A) /\ j = one_more i.
Proof.
  intros here. apply (Permutation_in _ (Permutation_sym (each_one_token _ _ _ _ _ _ _ _ parts)))
    in here.
  apply in_map_iff in here as (i & <- & here). eauto.
Qed.

(* The plan of those that go on fits in the next round. *)
Lemma going_fits : never_exceeds M B going.
Proof.
  intros k later.
  assert (whole : map learnt going = going /\ filter (fun j => negb (outlives j)) going = going).
  { pose proof (going_has_not _ _ _ _ _ _ _ _ parts) as unfinished.
    rewrite Forall_forall in unfinished.
    assert (less : forall j, In j going -> generated j < assumed j).
    { intros j here. destruct (one_token j) as (i & there & ->); [apply in_app_iff; auto|].
      specialize (unfinished _ here). destruct (tries i) as ((_ & same & _) & range);
        [rewrite app_assoc; apply in_app_iff; auto|]. cbn in *. lia. }
    split.
    - rewrite <- (map_id going) at 2. apply map_ext_in. intros j here. specialize (less j here).
      unfold learnt. destruct j as [x p l r g]. cbn in *. now destruct (Z.ltb_spec l g); [lia|].
    - apply filter_all. intros j here. specialize (less j here).
      apply negb_true_iff, Z.leb_gt, less. }
  destruct whole as [same all]. rewrite <- all, <- same.
  apply (plan_moves_on B (some_block _ _ _ instance) M (running s ++ A)).
  - apply tries_counts. intros j here. rewrite app_assoc. apply in_app_iff. auto.
  - exact (admitted_fit _ _ _ _ _ _ _ _ parts).
  - exact later.
  - exists finished. exact (each_one_token _ _ _ _ _ _ _ _ parts).
Qed.

(* The requests that finish or go on ran or were admitted. *)
Lemma tags_one_token : Permutation (map tag (running s) ++ map tag A) (map tag finished ++ map tag
  going).
Proof.
  rewrite <- !map_app.
  rewrite <- (Permutation_map tag (each_one_token _ _ _ _ _ _ _ _ parts)), map_map. reflexivity.
Qed.

(* No request is lost in the round. *)
Lemma next_none_lost :
  Permutation (map of (log s') ++ map tag (running s') ++ map tag (waiting s')) requests.
Proof.
  rewrite <- (none_lost _ _ _ _ before), (prefix_admitted _ _ _ _ _ _ _ _ parts).
  rewrite (finished_logged _ _ _ _ _ _ _ _ parts), (going_runs _ _ _ _ _ _ _ _ parts),
    (rest_waits _ _ _ _ _ _ _ _ parts).
  rewrite !map_app, map_map. change (map (fun x => of (run_until (now s + 1) true x)) finished)
    with (map (@tag request) finished).
  rewrite (Permutation_app_comm (map tag finished)), <- !app_assoc. apply Permutation_app_head.
  rewrite !app_assoc. apply Permutation_app_tail. symmetry. exact tags_one_token.
Qed.

(* Those that have started come before those that still wait. *)
Lemma next_started_first r j : In r (map of (log s') ++ map tag (running s')) ->
  In j (waiting s') -> shorter r (tag j).
Proof.
  rewrite (finished_logged _ _ _ _ _ _ _ _ parts), (going_runs _ _ _ _ _ _ _ _ parts),
    (rest_waits _ _ _ _ _ _ _ _ parts), map_app, map_map. intros here there.
  assert (from : In r (map of (log s) ++ map tag (running s)) \/ In r (map tag A)).
  { rewrite <- app_assoc, !in_app_iff in here. rewrite in_app_iff, or_assoc, <- (in_app_iff (map
    tag _)).
    destruct here as [here|[here|here]]; [right|now left|right];
      (eapply Permutation_in; [symmetry; exact tags_one_token|]); apply in_app_iff; auto. }
  destruct from as [old|admitted].
  - apply (started_first _ _ _ _ before r j old). rewrite (prefix_admitted _ _ _ _ _ _ _ _ parts).
    apply in_app_iff. auto.
  - apply in_map_iff in admitted as (i & <- & admitted).
    pose proof (queue_sorted _ _ _ _ before) as sorted.
    rewrite (prefix_admitted _ _ _ _ _ _ _ _ parts) in sorted.
    apply sorted_app in sorted as (_ & _ & across). specialize (across i j admitted there).
    apply below_spec in across.
    destruct (tries i) as ((_ & len & order) & _); [rewrite !in_app_iff; auto|].
    destruct (tries j) as ((_ & len' & order') & _); [rewrite !in_app_iff; auto|].
    unfold shorter. lia.
Qed.

(* After the round all is in order again. *)
Lemma orderly_next : orderly M B requests s'.
Proof.
  constructor; auto using next_none_lost, next_started_first;
    rewrite ?(going_runs _ _ _ _ _ _ _ _ parts), ?(rest_waits _ _ _ _ _ _ _ _ parts).
  - exact (none_comes _ _ _ _ _ _ _ _ parts).
  - pose proof (queue_sorted _ _ _ _ before) as sorted.
    rewrite (prefix_admitted _ _ _ _ _ _ _ _ parts) in sorted. now apply sorted_app in sorted.
  - pose proof (queue_exact _ _ _ _ before) as all.
    rewrite (prefix_admitted _ _ _ _ _ _ _ _ parts) in all. now apply Forall_app in all.
  - pose proof (going_has_not _ _ _ _ _ _ _ _ parts) as unfinished. rewrite Forall_forall in *.
    intros j here. specialize (unfinished j here).
    destruct (one_token j) as (i & there & ->); [apply in_app_iff; auto|].
    destruct (tries i) as (is_exact & range); [rewrite app_assoc; apply in_app_iff; auto|].
    split; [exact is_exact|]. cbn in *. lia.
  - exact going_fits.
  - rewrite (finished_logged _ _ _ _ _ _ _ _ parts). apply Forall_app.
    split; [|exact (log_whole _ _ _ _ before)]. apply Forall_map.
    eapply Forall_impl; [|exact (finished_has_all _ _ _ _ _ _ _ _ parts)].
    intros j all. unfold run_until. cbn [of start stop completed]. cbn beta in all.
    split; [reflexivity|lia].
Qed.
End Round.

(* What holds before the first round and after each round holds at the end of `simulate`. *)
Theorem at_the_end (Q : state -> Prop) : Q queued ->
  (forall s A L finished going, orderly M B requests s -> Q s ->
    reserving_parts M B s (next s) A L finished going -> Q (next s)) ->
  forall fuel l, simulate (h_sf M B) fuel requests = Some l -> requests <> [] ->
  exists s, orderly M B requests s /\ Q s /\ running s = [] /\ waiting s = [] /\ log s = l.
Proof.
  intros first step fuel l made some.
  assert (onward : forall n s, orderly M B requests s -> Q s -> rounds (h_sf M B) n s = Some l ->
    exists s, orderly M B requests s /\ Q s /\ running s = [] /\ waiting s = [] /\ log s = l).
  { induction n as [|n IH]; intros s is_orderly here result; cbn [rounds] in result;
      destruct (is_done s) eqn:ended.
    1, 3: injection result as <-; exists s; unfold is_done in ended;
      destruct (running s) eqn:?; [|discriminate]; destruct (waiting s) eqn:?; [|discriminate];
        auto.
    - discriminate.
    - destruct (round_reserves s is_orderly) as (A & L & finished & going & parts).
      apply (IH (next s)); [|eapply step; eassumption|exact result].
      eapply orderly_next; eassumption. }
  unfold simulate in made. destruct fuel as [|n]; cbn [rounds] in made;
    [destruct requests; cbn in made; [easy|discriminate]|].
  replace (is_done (begin requests)) with false in made by (destruct requests; easy).
  rewrite first_round in made.
  apply (onward (S n) queued); [exact queued_orderly|exact first|]. cbn [rounds].
  replace (is_done queued) with false; [exact made|]. unfold is_done. cbn.
  pose proof (Permutation_length (insert_all_perm precedes (map (new_job (h_sf M B)) requests) []))
    as len. rewrite app_nil_r, map_length in len.
  destruct (insert_all _ _ _) eqn:shape; [|reflexivity]. destruct requests; [easy|discriminate].
Qed.
End AtOnce.

(* If all requests arrive in round 0, it makes no difference whether the queue is filled already.
   *)
Lemma filled_at_once (p : policy) fuel requests : Forall (fun r => arrival r = 0) requests ->
  requests <> [] ->
  simulate p fuel requests
  = rounds p fuel (State 0 [] (insert_all (before p) (map (new_job p) requests) []) [] []).
Proof.
  intros zero some. assert (all : partition (fun r => arrival r <=? 0) requests = (requests, [])).
  { clear some. induction zero as [|r m zero_r _ IH]; [reflexivity|]. cbn [partition].
    now rewrite IH, zero_r. }
  assert (filled : insert_all (before p) (map (new_job p) requests) [] <> []).
  { intros none. pose proof (insert_all_perm (before p) (map (new_job p) requests) []) as same.
    rewrite none, app_nil_r in same. apply Permutation_nil, map_eq_nil in same. easy. }
  unfold simulate. destruct fuel as [|n]; cbn [rounds].
  - destruct requests; [easy|]. unfold is_done, begin. cbn [running waiting coming].
    now destruct (insert_all _ _ _).
  - replace (is_done (begin requests)) with false by now destruct requests.
    unfold is_done. cbn [running waiting coming]. destruct (insert_all _ _ []) eqn:shape; [easy|].
    f_equal. unfold round, begin. cbn [coming now waiting running log]. rewrite all, shape.
    reflexivity.
Qed.
