(* Runs of Amax, H-SF, SVF and FCFS end: T1, T2 and T8. In each busy round the request that was
   admitted first, which stands last in the running list, generates a token of its completed run. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Optimum Policies Reserved.
From AminRef.facts Require Import Sums Lists Rounds Policies.
Import ListNotations.
Open Scope Z_scope.

Section Runs.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Variable p : policy.
Variable fine : list (job request) -> Prop.
Hypothesis ordinary : common M B requests p fine.
Notation kept := (kept M B requests p fine).
Let latest := last_arrival requests.
Let tokens := sum output_len requests.

(* The requests that have not completed. *)
Definition unserved (s : state) : list request :=
  map tag (running s) ++ map tag (waiting s) ++ coming s.

(* The tokens that the request admitted first has generated. *)
Definition first_has (R : list (job request)) : Z := last (map generated R) 0.

(* What is left to generate, if only the tokens of the request admitted first counted. *)
Definition left_to_do (s : state) : Z := sum output_len (unserved s) - first_has (running s).

(* A request that has not completed is one of the instance, and generates a token at least. *)
Lemma unserved_some s r : kept s -> In r (unserved s) -> In r requests /\ 1 <= output_len r.
Proof.
  intros good here. assert (is_known : In r requests).
  { eapply Permutation_in; [exact (kept_once _ _ _ _ _ s good)|]. unfold requests_in, unserved in *.
    apply in_app_iff. now right. }
  split; [exact is_known|exact (some_output _ _ _ (sane_of M B requests instance r is_known))].
Qed.

(* What is left is not negative, and all of it while no request has completed. *)
Lemma left_nonneg s : kept s -> 0 <= left_to_do s.
Proof.
  intros good. unfold left_to_do, unserved, first_has. rewrite !sum_app.
  assert (positive : forall l, incl l (unserved s) -> 0 <= sum output_len l).
  { intros l part. apply sum_nonneg. intros r here.
    pose proof (proj2 (unserved_some s r good (part r here))). lia. }
  pose proof (positive (map tag (waiting s)) ltac:(unfold unserved; auto with datatypes)).
  pose proof (positive (coming s) ltac:(unfold unserved; auto with datatypes)).
  destruct (running s) as [|y l _] eqn:shape using rev_ind; [cbn; lia|].
  pose proof (kept_running _ _ _ _ _ s good) as all. rewrite shape in all.
  apply Forall_app in all as [_ all]. apply Forall_cons_iff in all as [((_ & _ & _ & range) & _) _].
  pose proof (positive (map tag l) ltac:(unfold unserved; rewrite shape, map_app;
    auto with datatypes)).
  rewrite !map_app. cbn [map]. rewrite last_last, sum_app. cbn [map sum]. lia.
Qed.

Section Round.
Variable s : state.
Variables E R L S A : list (job request).
Hypothesis good : kept s.
Hypothesis decided : decided_by p s = (E, R, L).
Hypothesis ran : running s = E ++ S.
Hypothesis runs : R = rev A ++ S.
Hypothesis queued : queue_of p s = A ++ L.
Hypothesis stays : running s <> [] -> S <> [].
Let s' := round p s.

(* The requests that generate a token have not completed. *)
Lemma generating : Forall (fun j => own requests p j /\ arrival (tag j) <= now s - generated j) R.
Proof.
  exact (generating_own M B requests instance p fine s E R L S A good ran runs queued).
Qed.

(* The requests that have not completed before the round: those that do in it, and the others. *)
Lemma unserved_next : Permutation (unserved s)
  (map tag (filter has_all (map one_more R)) ++ unserved s').
Proof.
  unfold s'. rewrite (round_of p s E R L decided). unfold unserved. cbn [running waiting coming].
  rewrite ran, (coming_perm s), (Order.insert_all_perm (before p) (map thrown_back E) L).
  rewrite !map_app, map_map.
  change (map (fun x => tag (thrown_back x)) E) with (map (@tag request) E).
  assert (split_R : Permutation (map tag (rev A) ++ map tag S)
    (map tag (filter has_all (map one_more R)) ++ map tag (filter unfinished (map one_more R)))).
  { rewrite <- !map_app, <- runs, <- (finished_or_not R), map_map. reflexivity. }
  assert (split_W : Permutation (map tag (waiting s) ++ arriving s) (map tag A ++ map tag L)).
  { rewrite <- map_app, <- queued, (queue_of_perm p s), map_app, map_map. cbn. now rewrite map_id. }
  apply (Permutation_count_occ request_dec). intros r.
  pose proof (proj1 (Permutation_count_occ request_dec _ _) split_R r) as both.
  pose proof (proj1 (Permutation_count_occ request_dec _ _) split_W r) as both'.
  pose proof (proj1 (Permutation_count_occ request_dec _ _)
    (Permutation_rev (map tag A)) r) as same. rewrite map_rev in both.
  rewrite !count_occ_app in *. lia.
Qed.

(* The request admitted first is still the first, if the round is busy. *)
Lemma first_goes_on : R <> [] ->
  exists l x, R = l ++ [x] /\ first_has (running s) <= generated x.
Proof.
  intros busy. destruct (exists_last busy) as (l & x & shape). exists l, x. split; [exact shape|].
  unfold first_has. assert (either : S = [] \/ exists k y, S = k ++ [y])
    by (clear; induction S using rev_ind; eauto).
  destruct either as [none|(k & y & last_one)].
  - assert (idle : running s = []).
    { destruct (running s) as [|z l'] eqn:some; [reflexivity|]. exfalso. now apply stays. }
    rewrite idle. cbn. pose proof generating as all. rewrite shape, Forall_app in all.
    destruct all as [_ all]. apply Forall_cons_iff in all as [((_ & _ & _ & range) & _) _]. lia.
  - pose proof runs as same. rewrite shape, last_one, app_assoc in same.
    apply app_inj_tail in same as [_ ->].
    rewrite ran, last_one, app_assoc, map_app. cbn [map]. rewrite last_last. lia.
Qed.

(* In a busy round what is left falls. *)
Lemma left_falls : R <> [] -> left_to_do s' + 1 <= left_to_do s.
Proof.
  intros busy. destruct (first_goes_on busy) as (l & x & shape & more).
  unfold left_to_do. rewrite (sum_perm _ _ _ unserved_next), sum_app.
  assert (one : forall j, In j (filter has_all (map one_more R)) -> 1 <= output_len (tag j) /\
    output_len (tag j) = generated j).
  { intros j here. apply filter_In in here as [here whole]. apply Z.eqb_eq in whole.
    apply in_map_iff in here as (i & <- & here). pose proof generating as all.
    rewrite Forall_forall in all. destruct (all i here) as ((_ & _ & _ & range) & _).
    cbn in *. lia. }
  set (finished := filter has_all (map one_more R)) in *. rewrite sum_map.
  assert (some : 0 <= first_has (running s')).
  { pose proof (running_next_own M B requests instance p fine s E R L S A good decided ran runs
      queued) as next. fold s' in next. unfold first_has. clear - next.
    destruct (running s') as [|y k _] eqn:on using rev_ind; [cbn; lia|].
    rewrite map_app. cbn [map]. rewrite last_last. apply Forall_app in next as [_ next].
    apply Forall_cons_iff in next as [(_ & range & _) _]. lia. }
  destruct (has_all (one_more x)) eqn:whole.
  - assert (here : In (one_more x) finished).
    { apply filter_In. split; [|exact whole]. rewrite shape. apply in_map, in_app_iff.
      right. now left. }
    destruct (one _ here) as [_ same]. cbn [tag one_more generated] in same.
    apply in_split in here as (a & b & ->). rewrite !sum_app. cbn [sum tag one_more].
    assert (positive : forall m, incl m (a ++ one_more x :: b) ->
      0 <= sum (fun j => output_len (tag j)) m).
    { intros m part. apply sum_nonneg. intros j there. pose proof (one j (part j there)). lia. }
    pose proof (positive a ltac:(auto with datatypes)).
    pose proof (positive b ltac:(auto with datatypes)). lia.
  - assert (0 <= sum (fun j => output_len (tag j)) finished)
      by (apply sum_nonneg; intros j here; pose proof (one j here); lia).
    assert (first_has (running s') = generated x + 1); [|lia].
    unfold s', first_has. rewrite (round_of p s E R L decided). cbn [running].
    rewrite shape, map_app, filter_app. cbn [map filter]. unfold unfinished at 2. rewrite whole.
    cbn [negb]. rewrite map_app. cbn [map]. now rewrite last_last.
Qed.

(* A run of the next state is in this round or in an earlier round of an earlier run. *)
Lemma run_was_there x t : In x (runs_so_far s') -> start x <= t < stop x ->
  (t = now s /\ R <> []) \/ exists y, In y (runs_so_far s) /\ start y <= t < stop y.
Proof.
  assert (ran_on : forall i how, In i R -> let x := run_until (now s + 1) how (one_more i) in
    start x <= t < stop x ->
    (t = now s /\ R <> []) \/ exists y, In y (runs_so_far s) /\ start y <= t < stop y).
  { intros i how here. cbn. intros range. destruct (Z.eq_dec t (now s)) as [->|earlier].
    - left. split; [reflexivity|]. now intros none; rewrite none in here.
    - right. rewrite runs in here. apply in_app_iff in here as [here|here].
      + apply in_rev in here.
        pose proof (queue_own M B requests instance p fine s L A good queued) as new.
        rewrite Forall_app, !Forall_forall in new. destruct (proj1 new i here) as (_ & none & _).
        lia.
      + exists (run_until (now s) false i). split; [|cbn; lia]. apply in_app_iff. left.
        apply in_map. rewrite ran. apply in_app_iff. auto. }
  unfold s', runs_so_far at 1. rewrite (round_of p s E R L decided). cbn [now running log].
  rewrite !in_app_iff. intros [here|[here|[here|here]]] range.
  - apply in_map_iff in here as (j & <- & here). apply filter_In in here as [here _].
    apply in_map_iff in here as (i & <- & here). exact (ran_on i false here range).
  - apply in_map_iff in here as (j & <- & here). apply filter_In in here as [here _].
    apply in_map_iff in here as (i & <- & here). exact (ran_on i true here range).
  - right. exists x. split; [|exact range]. apply in_app_iff. left.
    apply in_map_iff in here as (j & <- & here). apply in_map. rewrite ran. apply in_app_iff. auto.
  - right. exists x. split; [|exact range]. apply in_app_iff. now right.
Qed.

(* Up to state s: all rounds in which a request ran are listed, and what is left pays for more. *)
Record ran_in (s : state) (busy : list Z) : Prop := RanIn {
  busy_paid : Z.of_nat (length busy) + left_to_do s <= tokens;
  busy_listed : forall x t, In x (runs_so_far s) -> start x <= t < stop x -> In t busy;
  busy_log : forall x, In x (log s) -> stop x <= latest + Z.of_nat (length busy);
  busy_in_time : unserved s <> [] -> now s <= latest + Z.of_nat (length busy) }.

(* A busy round. *)
Lemma busy_round busy : R <> [] -> kept s' -> ran_in s busy -> ran_in s' (now s :: busy).
Proof.
  intros some good' [paid listed _ in_time]. pose proof (left_falls some) as falls.
  assert (time : now s' = now s + 1)
    by (unfold s'; now rewrite (round_of p s E R L decided)).
  assert (present : now s <= latest + Z.of_nat (length busy)).
  { apply in_time. intros none. pose proof (left_nonneg s' good') as rest.
    unfold left_to_do in falls, rest. rewrite none in falls. unfold unserved in none.
    apply app_eq_nil in none as [none _]. apply map_eq_nil in none. rewrite none in falls.
    cbn in falls. lia. }
  constructor; cbn [length]; rewrite ?Nat2Z.inj_succ; [lia| | |lia].
  - intros x t here range. destruct (run_was_there x t here range) as [[-> _]|(y & there & inside)].
    + now left.
    + right. exact (listed y t there inside).
  - intros x here. pose proof (kept_log _ _ _ _ _ s' good') as well. rewrite Forall_forall in well.
    destruct (well x here) as (_ & past & _). lia.
Qed.

(* A round in which no request runs. *)
Lemma idle_round busy : R = [] -> running s ++ queue_of p s = [] -> ran_in s busy ->
  ran_in s' busy.
Proof.
  intros none nothing [paid listed logged in_time]. apply app_eq_nil in nothing as [no_R no_W].
  pose proof unserved_next as same. rewrite none in same. cbn [map filter app] in same.
  assert (no_E : E = []) by (rewrite no_R in ran; symmetry in ran; now apply app_eq_nil in ran).
  assert (no_L : L = []) by (rewrite no_W in queued; symmetry in queued;
    now apply app_eq_nil in queued).
  pose proof (round_of p s E R L decided) as next. fold s' in next.
  rewrite no_E, none, no_L in next. cbn in next. constructor.
  - unfold left_to_do in *. rewrite <- (sum_perm _ _ _ same), next. rewrite no_R in paid.
    exact paid.
  - rewrite next. unfold runs_so_far in *. rewrite no_R in listed. exact listed.
  - rewrite next. exact logged.
  - rewrite next. cbn. intros some. destruct (coming_later s) as [|r later] eqn:come; [easy|].
    assert (here : In r (coming_later s)) by (rewrite come; now left).
    apply filter_In in here as [here late]. apply negb_true_iff, Z.leb_gt in late.
    assert (In r requests) by (eapply coming_known; eassumption).
    pose proof (last_arrival_ge requests r ltac:(assumption)) as last. fold latest in last. lia.
Qed.
End Round.

(* After each number of rounds, all busy rounds are listed and paid. *)
Lemma ran_after n : exists busy, ran_in (after p n (begin requests)) busy.
Proof.
  induction n as [|n [busy IH]].
  - exists []. constructor; cbn; try easy.
    + unfold left_to_do, unserved. cbn. fold tokens. lia.
    + intros _. unfold latest, last_arrival. clear. induction requests; cbn [fold_right]; lia.
  - set (s := after p n (begin requests)) in *.
    pose proof (kept_after M B requests instance p fine ordinary n) as good. fold s in good.
    pose proof (kept_after M B requests instance p fine ordinary (Datatypes.S n)) as good'.
    change (after p (Datatypes.S n) (begin requests)) with (round p s) in *.
    destruct (decided_by p s) as [[E R] L] eqn:decided.
    destruct (decision_of M B requests instance p fine ordinary s E R L good decided)
      as (S & A & ran & runs & queued & _ & stays & busy_if & _).
    destruct R as [|x R'] eqn:shape.
    + exists busy. apply (idle_round s E [] L S A); auto. destruct (running s ++ queue_of p s);
        [reflexivity|]. now destruct busy_if.
    + exists (now s :: busy). apply (busy_round s E (x :: R') L S A); auto. discriminate.
Qed.

(* After n rounds it is round n. *)
Lemma now_after n : now (after p n (begin requests)) = Z.of_nat n.
Proof.
  induction n as [|n IH]; [reflexivity|]. set (s := after p n (begin requests)) in *.
  change (after p (Datatypes.S n) (begin requests)) with (round p s).
  destruct (decided_by p s) as [[E R] L] eqn:decided. rewrite (round_of p s E R L decided).
  cbn [now]. lia.
Qed.

(* T2 (b) and (c): the schedule exists, completes each request once, and is bounded. *)
Theorem policy_terminates : exists fuel l, simulate p fuel requests = Some l /\
  Permutation (map of (filter completed l)) requests /\
  (forall busy, NoDup busy -> Forall (fun t => exists x, In x l /\ start x <= t < stop x) busy ->
    Z.of_nat (length busy) <= tokens) /\
  forall x, In x l -> stop x <= latest + tokens.
Proof.
  set (n := Z.to_nat (latest + tokens + 1)). destruct (ran_after n) as (busy & [paid listed logged
    in_time]).
  pose proof (kept_after M B requests instance p fine ordinary n) as good.
  pose proof (now_after n) as time. set (s := after p n (begin requests)) in *.
  pose proof (left_nonneg s good) as rest.
  assert (ended : finished_state s).
  { destruct (unserved s) as [|r l] eqn:left.
    - unfold unserved in left. apply app_eq_nil in left as [no_R left].
      apply app_eq_nil in left as [no_W no_C]. apply map_eq_nil in no_R, no_W. now repeat split.
    - exfalso. specialize (in_time ltac:(easy)). lia. }
  exists n, (log s). split; [|split; [|split]].
  - apply (rounds_spec p (idle _ _ _ _ _ ordinary)). now apply is_done_spec.
  - destruct ended as (no_R & no_W & no_C). pose proof (kept_once _ _ _ _ _ s good) as each.
    unfold requests_in in each. rewrite no_R, no_W, no_C in each. cbn in each.
    now rewrite app_nil_r in each.
  - intros rounds distinct all. transitivity (Z.of_nat (length busy)); [|lia].
    apply Nat2Z.inj_le, NoDup_incl_length; [exact distinct|]. intros t here.
    rewrite Forall_forall in all. destruct (all t here) as (x & there & range).
    apply (listed x t); [|exact range]. apply in_app_iff. now right.
  - intros x here. specialize (logged x here). lia.
Qed.

(* T1: no round holds more than M. *)
Lemma policy_safe :
  (forall n t, let s := after p n (begin requests) in t < now s ->
    occupancy B (runs_so_far s) t <= M) /\
  forall fuel l t, simulate p fuel requests = Some l -> occupancy B l t <= M.
Proof.
  pose proof (kept_after M B requests instance p fine ordinary) as good.
  split; [intros n t; exact (kept_fits _ _ _ _ _ _ (good n) t)|].
  intros fuel l t made. apply rounds_from in made as (n & ended & <-). specialize (good n).
  set (s := after p n (begin requests)) in *. apply is_done_spec in ended as (no_R & _ & _).
  destruct (Z.lt_ge_cases t (now s)) as [past|future].
  - pose proof (kept_fits _ _ _ _ _ _ good t past) as fit.
    unfold runs_so_far in fit. now rewrite no_R in fit.
  - unfold occupancy. rewrite sum_zero; [exact (some_capacity _ _ _ instance)|]. intros x here.
    pose proof (kept_log _ _ _ _ _ _ good) as well. rewrite Forall_forall in well.
    destruct (well x here) as (_ & ended & _). unfold holds_in.
    replace (t <? stop x) with false by (symmetry; apply Z.ltb_ge; lia).
    now rewrite andb_false_r.
Qed.

(* T8: if some request runs, waits or arrives, some request generates a token in this round. *)
Lemma policy_never_idle n E R L : let s := after p n (begin requests) in
  decided_by p s = (E, R, L) -> running s ++ waiting s ++ map (new_job p) (arriving s) <> [] ->
  R <> [].
Proof.
  intros s decided some. pose proof (kept_after M B requests instance p fine ordinary n) as good.
  destruct (decision_of M B requests instance p fine ordinary s E R L good decided)
    as (S & A & _ & _ & _ & _ & _ & busy & _). apply busy. intros none. apply some.
  apply app_eq_nil in none as [-> no_W]. pose proof (queue_of_perm p s) as same.
  rewrite no_W in same. now apply Permutation_nil in same as ->.
Qed.
End Runs.

(* The four policies have in common what the proofs above ask. *)
Lemma policies_common M B requests p : sane_instance M B requests ->
  p = amax M B \/ p = h_sf M B \/ p = svf M B \/ p = fcfs M B ->
  exists fine, common M B requests p fine.
Proof.
  intros instance [is|[is|[is| ->]]]; [| | |eexists; now apply fcfs_common];
    destruct (reserving_policies M B requests instance p) as [same enough]; auto;
    eexists; now apply reserving_common.
Qed.

Section Statements.
Variables M B : Z.
Variable requests : list request.
Variable p : policy.
Hypothesis instance : sane_instance M B requests.
Hypothesis is : p = amax M B \/ p = h_sf M B \/ p = svf M B \/ p = fcfs M B.

(* T1, T2 and T8 for each of the four. *)
Theorem policies_safe :
  (forall n t, let s := Nat.iter n (round p) (begin requests) in t < now s ->
    occupancy B (runs_so_far s) t <= M) /\
  forall fuel l t, simulate p fuel requests = Some l -> occupancy B l t <= M.
Proof.
  destruct (policies_common M B requests p instance is) as [fine ordinary].
  exact (policy_safe M B requests instance p fine ordinary).
Qed.

(* T2. *)
Theorem policies_terminate : exists fuel l, simulate p fuel requests = Some l /\
  Permutation (map of (filter completed l)) requests /\
  (forall busy, NoDup busy -> Forall (fun t => exists x, In x l /\ start x <= t < stop x) busy ->
    Z.of_nat (length busy) <= sum output_len requests) /\
  forall x, In x l -> stop x <= last_arrival requests + sum output_len requests.
Proof.
  destruct (policies_common M B requests p instance is) as [fine ordinary].
  exact (policy_terminates M B requests instance p fine ordinary).
Qed.

(* T8. *)
Theorem policies_never_idle n E R L : let s := Nat.iter n (round p) (begin requests) in
  decided_by p s = (E, R, L) -> running s ++ waiting s ++ map (new_job p) (arriving s) <> [] ->
  R <> [].
Proof.
  destruct (policies_common M B requests p instance is) as [fine ordinary].
  exact (policy_never_idle M B requests instance p fine ordinary n E R L).
Qed.
End Statements.
