(* L3: the rounds that `conform` may skip are right. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Safety Check Ties Conform Quiet ConformState
  ConformRounds ConformSteps ConformWhole.
From AminRef.facts Require Import Sums Lists Blocks Decisions Places Rankings.
Import ListNotations.
Open Scope Z_scope.

(* Some element of an image has a property. *)
Lemma existsb_map {A C} (f : A -> C) p l : existsb p (map f l) = existsb (fun x => p (f x)) l.
Proof. induction l as [|x l IH]; cbn; congruence. Qed.

Section Quiet.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Variable allowed : ranking -> Prop.
Variable le : job request -> job request -> bool.
Hypothesis rule : tie_rule M B requests allowed le.
Variable l : list run.
Hypothesis right : valid M B requests l.

Let block := some_block _ _ _ instance.
Let capacity := some_capacity _ _ _ instance.
Notation quiet := (quiet requests l).
Notation quiet_from := (quiet_from requests l).
Notation running_in := (running_in requests l).
Notation waiting_in := (waiting_in requests l).
Notation planned_in := (planned_in B requests l).
Notation ok := (round_ok M B le requests l).

(* What a run comes to in step 2 of round t. *)
Definition at_step_2 (t : Z) (x : run) : job request :=
  learnt (running_job t (filter (ended_by t) l) x).

(* What job j adds to a plan k rounds from now. *)
Definition adds (k : Z) (j : job request) : Z :=
  if k <? more_tokens j then will_hold B k j else 0.

(* A round that is quiet is quiet from itself on. *)
Lemma quiet_here t : quiet t -> quiet_from t t.
Proof. intros calm. split; [lia|]. intros u range. now replace u with t by lia. Qed.

(* Whatever happens to a run happens before the quiet rounds or after them. *)
Lemma outside t t' x : quiet_from t t' -> In x l ->
  (start x < t \/ t' < start x) /\ (stop x < t \/ t' < stop x).
Proof.
  intros [_ calm] here. split.
  - destruct (Z.lt_ge_cases (start x) t), (Z.lt_ge_cases t' (start x)); auto.
    now destruct (proj2 (calm (start x) ltac:(lia)) x here).
  - destruct (Z.lt_ge_cases (stop x) t), (Z.lt_ge_cases t' (stop x)); auto.
    now destruct (proj2 (calm (stop x) ltac:(lia)) x here).
Qed.

(* So do the arrivals. *)
Lemma outside_arrival t t' r : quiet_from t t' -> In r requests ->
  arrival r < t \/ t' < arrival r.
Proof.
  intros [_ calm] here. destruct (Z.lt_ge_cases (arrival r) t), (Z.lt_ge_cases t' (arrival r));
    auto.
  now destruct (proj1 (calm (arrival r) ltac:(lia)) r here).
Qed.

(* In quiet rounds the runs of the past stay the same. *)
Lemma same_ended t t' : quiet_from t t' -> filter (ended_by t') l = filter (ended_by t) l.
Proof.
  intros calm. apply filter_ext_in. intros x here. destruct (outside t t' x calm here) as [_ apart].
  pose proof (proj1 calm). unfold ended_by.
  replace (stop x =? t') with false by (symmetry; apply Z.eqb_neq; lia).
  replace (stop x =? t) with false by (symmetry; apply Z.eqb_neq; lia).
  f_equal. destruct apart.
  - now rewrite !(proj2 (Z.ltb_lt _ _)) by lia.
  - now rewrite !(proj2 (Z.ltb_ge _ _)) by lia.
Qed.

(* So do the runs that go on. *)
Lemma same_runs t t' : quiet_from t t' -> filter (runs_at t') l = filter (runs_at t) l.
Proof.
  intros calm. apply filter_ext_in. intros x here.
  destruct (outside t t' x calm here) as [began ended]. pose proof (proj1 calm). unfold runs_at,
    ended_by.
  replace (stop x =? t') with false by (symmetry; apply Z.eqb_neq; lia).
  replace (stop x =? t) with false by (symmetry; apply Z.eqb_neq; lia).
  replace (start x <? t') with (start x <? t)
    by (destruct (Z.ltb_spec (start x) t), (Z.ltb_spec (start x) t'); lia).
  replace (stop x <? t') with (stop x <? t)
    by (destruct (Z.ltb_spec (stop x) t), (Z.ltb_spec (stop x) t'); lia).
  reflexivity.
Qed.

(* No request arrives in a quiet round: those that wait are those that waited. *)
Lemma waiting_before t : quiet t -> waiting_in t = waiting (state_at requests l t).
Proof.
  intros calm. unfold Quiet.waiting_in, queue_of.
  rewrite (filter_none _ (coming _)); [apply app_nil_r|]. intros r here.
  apply filter_In in here as [here _]. apply Z.eqb_neq. now apply (proj1 calm).
Qed.

(* The same requests wait in all quiet rounds. *)
Lemma same_waiting_in t t' : quiet_from t t' -> waiting_in t' = waiting_in t.
Proof.
  intros calm. pose proof (proj1 calm) as order.
  rewrite !waiting_before by (apply calm; lia). cbn [state_at waiting].
  rewrite (same_ended t t' calm), (same_runs t t' calm). f_equal.
  apply filter_ext_in. intros r here. unfold waits. rewrite !existsb_map.
  replace (arrival r <? t') with (arrival r <? t); [reflexivity|].
  destruct (outside_arrival t t' r calm here), (Z.ltb_spec (arrival r) t),
    (Z.ltb_spec (arrival r) t'); lia.
Qed.

(* Those that run, as the runs that go on. *)
Lemma running_in_runs t t' : quiet_from t t' ->
  running_in t' = map (at_step_2 t') (filter (runs_at t) l).
Proof.
  intros calm. unfold Quiet.running_in, after_2. cbn [state_at running].
  now rewrite map_map, (same_runs t t' calm).
Qed.

(* A job that waits has generated no token; its prompt is not negative. *)
Lemma waiting_from_0 t w : In w (waiting_in t) -> generated w = 0 /\ 0 <= prompt w.
Proof.
  assert (sized : forall r, In r requests -> 0 <= prompt_len r).
  { intros r here. destruct (sane_of M B requests instance r here). lia. }
  intros here. apply in_app_iff in here as [here|here]; apply in_map_iff in here as (r & <- & here).
  - apply filter_In in here as [here _]. cbn. auto.
  - apply filter_In in here as [here _]. apply filter_In in here as [here _]. cbn. auto.
Qed.

(* What a run adds to a plan in quiet rounds does not become less. *)
Lemma adds_later t t' x k : quiet_from t t' -> In x (filter (runs_at t) l) -> 0 <= k ->
  adds (k + (t' - t)) (at_step_2 t x) <= adds k (at_step_2 t' x).
Proof.
  intros calm here later. apply filter_In in here as [here going].
  apply andb_true_iff in going as [began _]. apply Z.ltb_lt in began.
  destruct (run_known M B requests instance l right x here) as (is_known & _).
  destruct (sane_of M B requests instance _ is_known) as [some _ _ _ _ _].
  pose proof (proj1 calm) as order. unfold at_step_2. rewrite (same_ended t t' calm).
  set (L := learnt_from (filter (ended_by t) l) (of x)).
  unfold adds, more_tokens. rewrite !learnt_assumed. cbn [learnt running_job assumed generated].
  fold L. unfold will_hold. cbn [learnt running_job prompt generated].
  rewrite !whole_blocks_occ by exact block.
  replace (prompt_len (of x) + (t' - start x + (k + 1)))
    with (prompt_len (of x) + (t - start x + (k + (t' - t) + 1))) by lia.
  assert (0 <= occ B (prompt_len (of x) + (t - start x + (k + (t' - t) + 1))))
    by (apply occ_nonneg; [exact block|lia]).
  destruct (Z.ltb_spec (t - start x) (Z.max (Z.max L (t - start x - 1)) (t - start x))),
    (Z.ltb_spec (t' - start x) (Z.max (Z.max L (t' - start x - 1)) (t' - start x)));
    match goal with |- (if ?a <? ?b then _ else _) <= (if ?c <? ?d then _ else _) =>
      destruct (Z.ltb_spec a b), (Z.ltb_spec c d) end; lia.
Qed.

(* Nor does the plan of those that run. *)
Lemma plan_later t t' k : quiet_from t t' -> 0 <= k ->
  as_assumed B (k + (t' - t)) (running_in t) <= as_assumed B k (running_in t').
Proof.
  intros calm later. assert (calm_t : quiet_from t t).
  { apply quiet_here, calm. pose proof (proj1 calm). lia. }
  rewrite (running_in_runs t t' calm), (running_in_runs t t calm_t), !as_assumed_sum, !sum_map.
  apply sum_le. intros x here. now apply adds_later.
Qed.

(* Those that run in a quiet round hold with their next tokens what the schedule holds. *)
Lemma held_now t : quiet t -> next_tokens B (running_in t) = occupancy B l t.
Proof.
  intros calm. rewrite (running_in_runs t t (quiet_here t calm)). unfold next_tokens, occupancy.
  rewrite sum_map, sum_filter. apply sum_ext. intros x here.
  destruct (outside t t x (quiet_here t calm) here) as [began ended].
  unfold runs_at, ended_by, holds_in, at_step_2, will_hold.
  cbn [learnt running_job prompt generated]. rewrite whole_blocks_occ by exact block.
  replace (stop x =? t) with false by (symmetry; apply Z.eqb_neq; lia). cbn [andb].
  rewrite orb_false_r, <- Z.leb_antisym.
  replace (prompt_len (of x) + (t - start x) + 1)
    with (prompt_len (of x) + (t - start x + (0 + 1))) by lia.
  destruct (Z.ltb_spec (start x) t), (Z.leb_spec t (stop x)), (Z.leb_spec (start x) t),
    (Z.ltb_spec t (stop x)); cbn; lia.
Qed.

(* What a job that waits adds to a plan. *)
Lemma plan_with t (R : list (job request)) k w : In w (waiting_in t) -> 0 <= k < more_tokens w ->
  as_assumed B k (R ++ [w]) = as_assumed B k R + occ B (prompt w + (k + 1)).
Proof.
  intros here range. destruct (waiting_from_0 t w here) as [none _].
  rewrite as_assumed_app, (as_assumed_sum B k [w]). cbn [sum].
  rewrite (proj2 (Z.ltb_lt _ _)) by lia. unfold will_hold. rewrite whole_blocks_occ, none by exact
    block. now rewrite Z.add_0_r.
Qed.

(* What those that run hold with their next tokens does not become less. *)
Lemma holds_more t t' : quiet_from t t' ->
  next_tokens B (running_in t) <= next_tokens B (running_in t').
Proof.
  intros calm. pose proof (proj1 calm) as order.
  assert (calm_t : quiet_from t t) by (apply quiet_here, calm; lia).
  rewrite (running_in_runs t t' calm), (running_in_runs t t calm_t). unfold next_tokens.
  rewrite !sum_map. apply sum_le. intros x _. unfold at_step_2, will_hold.
  cbn [learnt running_job prompt generated]. rewrite !whole_blocks_occ by exact block.
  apply occ_mono; [exact block|lia].
Qed.

(* Jobs that are planned in two rounds hold no less in the later one. *)
Lemma plan_grows (R : list (job request)) k d : Forall counts R -> 0 <= k -> 0 <= d ->
  (forall j, In j R -> k < more_tokens j -> k + d < more_tokens j) ->
  as_assumed B k R <= as_assumed B (k + d) R.
Proof.
  intros all later more stay. rewrite !as_assumed_sum. apply sum_le. intros j here.
  rewrite Forall_forall in all. pose proof (will_hold_nonneg B block (k + d) j (all j here)
    ltac:(lia)).
  destruct (Z.ltb_spec k (more_tokens j)) as [planned|]; [|destruct (_ <? _); lia].
  rewrite (proj2 (Z.ltb_lt _ _) (stay j here planned)). unfold will_hold.
  rewrite !whole_blocks_occ by exact block. apply occ_mono; [exact block|lia].
Qed.

(* Those that run have lengths that are not negative. *)
Lemma running_counts t : Forall counts (running_in t).
Proof.
  apply Forall_map, Forall_map, Forall_forall. intros x here.
  apply filter_In in here as [here going]. apply andb_true_iff in going as [began _].
  apply Z.ltb_lt in began. destruct (run_known M B requests instance l right x here) as (is & _).
  destruct (sane_of M B requests instance _ is) as [some _ _ _ _ _]. split; cbn; lia.
Qed.

(* A job that is too large for one of the reasons does not fit. *)
Lemma too_large_right t t' w : quiet_from t t' -> In w (waiting_in t) ->
  too_large M B requests l t t' w -> ~ never_exceeds M B (running_in t' ++ [w]).
Proof.
  intros calm here why fit. pose proof (proj1 calm) as order.
  pose proof (more_tokens_pos w) as some.
  assert (quiet_t : quiet t) by (apply calm; lia).
  destruct why as [full|tau range over|last over stay].
  - specialize (fit 0 ltac:(lia)). rewrite (plan_with t), <- next_tokens_now in fit by (auto; lia).
    pose proof (holds_more t t' calm) as more. rewrite (held_now t quiet_t) in more.
    change (0 + 1) with 1 in fit. lia.
  - specialize (fit (tau - t') ltac:(lia)). rewrite (plan_with t) in fit by (auto; lia).
    pose proof (plan_later t t' (tau - t') calm ltac:(lia)) as more.
    replace (tau - t' + (t' - t)) with (tau - t) in more by lia.
    unfold Quiet.planned_in in over. lia.
  - specialize (fit (more_tokens w - 1) ltac:(lia)). rewrite (plan_with t) in fit by (auto; lia).
    pose proof (plan_later t t' (more_tokens w - 1) calm ltac:(lia)) as more.
    pose proof (plan_grows (running_in t) (more_tokens w - 1) (t' - t) (running_counts t) ltac:(lia)
      ltac:(lia)) as grows.
    unfold Quiet.planned_in in over. subst last.
    replace (t + more_tokens w - 1 - t) with (more_tokens w - 1) in over by lia.
    replace (more_tokens w - 1 + 1) with (more_tokens w) in fit by lia.
    assert (as_assumed B (more_tokens w - 1) (running_in t)
      <= as_assumed B (more_tokens w - 1 + (t' - t)) (running_in t)); [|lia].
    apply grows. intros j there planned. specialize (stay j there). lia.
Qed.

(* If the rounds before are right, what is planned in a quiet round fits (Lemma 3). *)
Lemma running_fits t : quiet t -> 0 <= t -> (forall u, 0 <= u < t -> ok u = true) ->
  never_exceeds M B (running_in t).
Proof.
  intros calm from_0 before k later. destruct (Z.eq_dec k 0) as [->|not_now].
  { rewrite <- next_tokens_now, held_now by exact calm. apply (within_capacity _ _ _ _ right). }
  destruct (accepted_rounds M B requests instance allowed le rule l right (Z.to_nat t))
    as (s & is & time & agrees); [intros u range; apply before; lia|].
  rewrite Z2Nat.id in time, agrees by exact from_0. subst t.
  destruct (possible_known M B requests instance allowed s is) as (good & known & settled_s).
  pose proof (plan_before M B requests instance s good rank_of k ltac:(lia)) as plan.
  rewrite <- later_plan in plan by lia.
  rewrite (as_assumed_perm _ _ _ _ (ran M B requests instance l right s good known settled_s agrees
    rank_of)), as_assumed_ranked in plan.
  exact plan.
Qed.

(* A quiet round is right exactly if no request waits, or one at the lowest place does not fit. *)
Lemma quiet_round t : quiet t -> 0 <= t -> (forall u, 0 <= u < t -> ok u = true) ->
  (ok t = true <-> waiting_in t = [] \/
    exists w, lowest_in le requests l t w /\ ~ never_exceeds M B (running_in t ++ [w])).
Proof.
  intros calm from_0 before. pose proof (running_fits t calm from_0 before) as fits.
  assert (fits_now_too : fits_now M B (running_in t) = true).
  { apply Z.leb_le. rewrite next_tokens_now. apply fits. lia. }
  assert (none_out : forall j, evicts l t j = false).
  { intros j. apply not_true_iff_false. intros yes. apply existsb_exists in yes as (x & here & yes).
    apply andb_true_iff in yes as [yes _]. apply andb_true_iff in yes as [_ is].
    apply Z.eqb_eq in is. now apply (proj2 calm) in here. }
  assert (none_in : forall j, starts l t j = false).
  { intros j. apply not_true_iff_false. intros yes. apply existsb_exists in yes as (x & here & yes).
    apply andb_true_iff in yes as [_ is]. apply Z.eqb_eq in is. now apply (proj2 calm) in here. }
  unfold round_ok. fold (running_in t). fold (waiting_in t).
  rewrite (filter_none (evicts l t)), (filter_all (fun j => negb (evicts l t j))),
    (filter_none (starts l t)), (filter_all (fun w => negb (starts l t w)))
    by (intros j _; now rewrite ?none_out, ?none_in).
  unfold evictions_ok. rewrite fits_now_too. cbn [andb].
  replace (starters_wait l t (waiting_in t)) with true.
  - cbn [andb]. rewrite (admissions_ok_spec M B capacity). unfold explains_admissions, lowest_in.
    rewrite app_nil_r. cbn [app]. split.
    + intros (_ & [none|(w & here & least & _ & no)]); [auto|]. right. eauto.
    + intros [none|(w & (here & least) & no)]; split; auto. right. exists w.
      repeat split; auto.
  - symmetry. apply forallb_forall. intros x here.
    rewrite (proj2 (Z.eqb_neq (start x) t)); [reflexivity|]. now apply (proj2 calm).
Qed.

(* A round that may be skipped is right. *)
Lemma skipped_round t : may_skip M B le requests l t -> 0 <= t ->
  (forall u, 0 <= u < t -> ok u = true) -> ok t = true.
Proof.
  intros (calm & why) from_0 before. apply quiet_round; auto.
  destruct why as [none|(t0 & w & calm_from & low & large)]; [auto|]. right. exists w.
  unfold lowest_in. rewrite (same_waiting_in t0 t calm_from). split; [exact low|].
  exact (too_large_right t0 t w calm_from (proj1 low) large).
Qed.

(* Skipping such rounds finds the same first wrong round. *)
Lemma same_first_wrong looks n t : 0 <= t -> (forall u, 0 <= u < t -> ok u = true) ->
  (forall u, t <= u < t + Z.of_nat n -> looks u = false -> may_skip M B le requests l u) ->
  first_wrong_of M B le requests l looks n t = first_wrong M B le requests l n t.
Proof.
  revert t. induction n as [|n IH]; intros t from_0 before skips; [reflexivity|].
  cbn [first_wrong_of first_wrong]. destruct (looks t) eqn:seen, (ok t) eqn:here; cbn [andb negb];
    try reflexivity.
  - apply IH; [lia| |intros u range; apply skips; lia]. intros u range.
    destruct (Z.eq_dec u t) as [->|]; [exact here|apply before; lia].
  - apply IH; [lia| |intros u range; apply skips; lia]. intros u range.
    destruct (Z.eq_dec u t) as [->|]; [exact here|apply before; lia].
  - rewrite skipped_round in here; [discriminate|apply skips; [lia|exact seen]|exact from_0|exact
      before].
Qed.
End Quiet.

(* L3 for free and for given ties: quiet rounds, and the checker that skips some of them. *)
Theorem quiet_rounds M B requests le l : sane_instance M B requests -> valid M B requests l ->
  le = level_or_before \/ le = not_after ->
  (forall t t', quiet_from requests l t t' ->
    waiting_in requests l t' = waiting_in requests l t) /\
  (forall t, quiet requests l t -> 0 <= t ->
    (forall u, 0 <= u < t -> round_ok M B le requests l u = true) ->
    (round_ok M B le requests l t = true <-> waiting_in requests l t = [] \/
      exists w, lowest_in le requests l t w /\
        ~ never_exceeds M B (running_in requests l t ++ [w]))) /\
  (forall t t' w, quiet_from requests l t t' -> In w (waiting_in requests l t) ->
    too_large M B requests l t t' w -> ~ never_exceeds M B (running_in requests l t' ++ [w])) /\
  (forall looks,
    (forall t, 0 <= t < last_stop l -> looks t = false -> may_skip M B le requests l t) ->
    conform_looking_at M B le requests l looks = conform M B le requests l).
Proof.
  intros instance right ties.
  assert (some_rule : exists allowed, tie_rule M B requests allowed le).
  { destruct ties as [->| ->].
    - exists (any_ranking requests). apply free_ties.
      exact (NoDup_map_inv id requests (distinct_ids _ _ _ instance)).
    - exists given_ranks. apply given_ties. exact (distinct_ranks _ _ _ instance). }
  destruct some_rule as (allowed & rule). split; [|split; [|split]].
  - intros t t'. now apply same_waiting_in.
  - intros t. now apply (quiet_round M B requests instance allowed le rule l right).
  - intros t t' w. now apply too_large_right.
  - intros looks skips. unfold conform_looking_at, conform.
    destruct (check M B requests l); [|reflexivity].
    now rewrite (same_first_wrong M B requests instance allowed le rule l right looks) by
      (lia || (intros u range; apply skips; lia)).
Qed.
