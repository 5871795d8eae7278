(* T2 of Amin: every request completes, after at most n * O busy rounds. Between two completions, in
   each busy round the greatest of those that run, the leader, generates a token that it has not
   generated as leader before. So at most O busy rounds pass without a completion. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Refine Rules Leaders.
From AminRef.facts Require Import Sums Lists Decisions Order.
Import ListNotations.
Open Scope Z_scope.

Section Progress.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Notation tokens := (tokens requests).
Notation potential := (potential requests).
Notation job_is_fair := (job_is_fair M B requests instance).
Notation jobs_tokens := (jobs_tokens M B requests instance).
Notation events_fall := (events_fall M B).
Notation potential_falls := (potential_falls M B requests instance).

Section Round.
Variables s s' : state.
Variables arrived later : list request.
Variables E S A L finished going : list (job request).
Hypothesis reached : reaches M B requests s.
Hypothesis parts : round_parts M B s s' arrived later E S A L finished going.

Let good := reaches_safe M B requests instance s reached.
Let good' := safe_next M B requests instance s s' _ _ _ _ _ _ _ _ good parts.
Let D := decided _ _ _ _ _ _ _ _ _ _ _ _ parts.

(* A round in which no request generates a token changes nothing: no request runs or waits. *)
Lemma idle_round : S ++ A = [] -> running s = [] /\ waiting s = [] /\ arrived = [] /\
  Permutation (jobs s') (jobs s) /\ running s' = [] /\ Permutation (log s') (log s).
Proof.
  intros none.
  assert (empty : running s ++ waiting s ++ map arrives arrived = []).
  { destruct (running s ++ waiting s ++ map arrives arrived) eqn:some; [reflexivity|]. exfalso.
    apply (some_request_runs M B requests instance s s' _ _ _ _ _ _ _ _ reached parts);
      [now rewrite some|exact none]. }
  apply app_eq_nil in empty as [no_R empty]. apply app_eq_nil in empty as [no_W empty].
  apply map_eq_nil in empty. apply app_eq_nil in none as [no_S no_A].
  pose proof (all_running _ _ _ _ _ _ _ _ D) as ran. rewrite no_R in ran.
  apply Permutation_nil in ran. apply app_eq_nil in ran as [no_E _].
  pose proof (all_waiting _ _ _ _ _ _ _ _ D) as waited. rewrite no_W, empty in waited.
  apply Permutation_nil in waited. apply app_eq_nil in waited as [_ no_L].
  pose proof (one_token_each _ _ _ _ _ _ _ _ _ _ _ _ parts) as token. rewrite no_S, no_A in token.
  apply Permutation_nil in token. apply app_eq_nil in token as [no_f no_g].
  pose proof (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts) as next_R. rewrite no_g in next_R.
  symmetry in next_R. apply Permutation_nil in next_R.
  pose proof (next_waiting _ _ _ _ _ _ _ _ _ _ _ _ parts) as next_W. rewrite no_L, no_E in next_W.
  symmetry in next_W. apply Permutation_nil in next_W.
  pose proof (next_log _ _ _ _ _ _ _ _ _ _ _ _ parts) as next_L. rewrite no_f, no_E in next_L.
  repeat split; auto. unfold jobs. rewrite next_R, next_W, no_R, no_W. cbn [app].
  apply Permutation_map. rewrite (next_coming _ _ _ _ _ _ _ _ _ _ _ _ parts).
  rewrite (coming_parts _ _ _ _ _ _ _ _ _ _ _ _ parts), empty. reflexivity.
Qed.

(* Each round of a run of the next state is this round, or a round of a run of this state. *)
Lemma run_rounds x t : In x (runs_so_far s') -> start x <= t < stop x ->
  t = now s /\ S ++ A <> [] \/ exists y, In y (runs_so_far s) /\ start y <= t < stop y.
Proof.
  assert (token : forall j how, In j (finished ++ going) ->
    start (run_until (now s + 1) how j) <= t < now s + 1 -> t = now s /\ S ++ A <> [] \/
      exists y, In y (runs_so_far s) /\ start y <= t < stop y).
  { intros j how here range.
    destruct (from_generating M B _ _ _ _ _ _ _ _ _ _ parts j here) as (i & there & ->).
    cbn in range. destruct (Z.eq_dec t (now s)) as [same|past].
    - left. split; [exact same|]. intros none. now rewrite none in there.
    - right. apply in_app_iff in there as [stays|admitted].
      + destruct (from_running M B _ _ _ _ _ _ _ _ _ _ parts i) as (k & ran & ->);
          [apply in_app_iff; auto|].
        exists (run_until (now s) false k). split; [|cbn in *; lia].
        unfold runs_so_far. apply in_app_iff. left. now apply in_map.
      + destruct (queue_well M B _ instance _ _ _ _ _ _ _ _ _ _ good parts i) as (_ & none & _);
          [apply in_app_iff; auto|]. lia. }
  unfold runs_so_far at 1. rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts).
  intros here range. apply in_app_iff in here as [here|here].
  - apply in_map_iff in here as (j & <- & here). apply (token j false); [|exact range].
    apply in_app_iff. right. eapply Permutation_in; [|exact here].
    exact (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts).
  - apply (Permutation_in _ (next_log _ _ _ _ _ _ _ _ _ _ _ _ parts)) in here.
    apply in_app_iff in here as [here|here]; [|apply in_app_iff in here as [here|here]].
    + apply in_map_iff in here as (j & <- & here). apply (token j true); [|exact range].
      apply in_app_iff. auto.
    + right. apply in_map_iff in here as (j & <- & here).
      destruct (from_running M B _ _ _ _ _ _ _ _ _ _ parts j) as (k & ran & ->);
        [apply in_app_iff; auto|].
      exists (run_until (now s) false k). split; [|exact range].
      unfold runs_so_far. apply in_app_iff. left. now apply in_map.
    + right. exists x. split; [|exact range]. unfold runs_so_far. apply in_app_iff. auto.
Qed.

(* A run that ends in this round ends by the next. *)
Lemma log_by_next x : In x (log s') -> stop x <= now s + 1.
Proof.
  intros here. pose proof (log_well _ _ _ _ good') as all. rewrite Forall_forall in all.
  destruct (all x here) as (_ & past & _).
  rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts) in past. exact past.
Qed.
End Round.

(* By how many rounds the busy ones are bounded: n times all tokens. *)
Definition busy_rounds : Z := Z.of_nat (length requests) * tokens.

Section Run.
Variable latest : Z.
Hypothesis all_come : Forall (fun r => arrival r <= latest) requests.

(* The busy rounds so far are listed in `busy`, and the potential bounds those to come. *)
Record progressed (s : state) (busy : list Z) (p : Z) : Prop := Progressed {
  has_potential : potential s p;
  spent : Z.of_nat (length busy) + (events s - 1) * tokens + p <= busy_rounds;
  all_listed : forall x t, In x (runs_so_far s) -> start x <= t < stop x -> In t busy;
  runs_in_time : forall x, In x (log s) -> stop x <= latest + Z.of_nat (length busy);
  still_in_time : jobs s <> [] -> now s <= latest + Z.of_nat (length busy) }.

(* There is no negative number of tokens. *)
Lemma tokens_nonneg : 0 <= tokens.
Proof.
  apply sum_nonneg. intros r here.
  destruct (sane_of M B requests instance r here) as [_ some _ _ _ _]. lia.
Qed.

(* Before round 0. *)
Lemma progress_first s : alike s (State 0 [] [] requests []) -> progressed s [] tokens.
Proof.
  intros first. pose proof first as [at_0 no_R no_W all_C no_log]. cbn in *.
  symmetry in no_R, no_W, no_log. apply Permutation_nil in no_R, no_W, no_log.
  assert (same : Permutation (map tag (jobs s)) requests).
  { unfold jobs. rewrite no_R, no_W. cbn [app]. rewrite map_map. cbn [tag arrives].
    now rewrite map_id. }
  constructor.
  - exists (fun _ => 0). split.
    + intros i here. assert (fair : 0 <= output_len (tag i) /\ 0 <= generated i); [|lia].
      unfold jobs in here. rewrite no_R, no_W in here. cbn [app] in here.
      apply in_map_iff in here as (r & <- & here). cbn.
      destruct (sane_of M B requests instance r) as [_ some _ _ _ _]; [|lia].
      exact (Permutation_in _ all_C here).
    + split; [|reflexivity]. unfold tokens. rewrite <- (sum_perm _ _ _ same), sum_map.
      apply Z.eq_le_incl, sum_ext. intros i _. lia.
  - unfold events, busy_rounds. rewrite <- (Permutation_length same), map_length. cbn [length].
    lia.
  - unfold runs_so_far. rewrite no_R, no_log. easy.
  - rewrite no_log. easy.
  - intros some. rewrite at_0. cbn.
    assert (one : exists r, In r requests).
    { destruct requests as [|r l]; [|exists r; now left]. exfalso. apply some. unfold jobs.
      symmetry in all_C. apply Permutation_nil in all_C. now rewrite no_R, no_W, all_C. }
    destruct one as [r here]. rewrite Forall_forall in all_come. specialize (all_come r here).
    destruct (sane_of M B requests instance r here) as [_ _ _ _ came _]. lia.
Qed.

(* In a busy round some request has not completed. *)
Lemma busy_has_jobs s s' arrived later E S A L finished going :
  round_parts M B s s' arrived later E S A L finished going -> S ++ A <> [] -> jobs s <> [].
Proof.
  intros parts some none. unfold jobs in none.
  apply app_eq_nil in none as [no_R none]. apply app_eq_nil in none as [no_W no_C].
  apply map_eq_nil in no_C. apply some.
  pose proof (decided _ _ _ _ _ _ _ _ _ _ _ _ parts) as D.
  pose proof (coming_parts _ _ _ _ _ _ _ _ _ _ _ _ parts) as came. rewrite no_C in came.
  apply Permutation_nil in came. apply app_eq_nil in came as [no_a _].
  pose proof (all_running _ _ _ _ _ _ _ _ D) as ran. rewrite no_R in ran.
  pose proof (all_waiting _ _ _ _ _ _ _ _ D) as waited. rewrite no_W, no_a in waited.
  apply Permutation_nil in ran, waited. apply app_eq_nil in ran as [_ ->].
  now apply app_eq_nil in waited as [-> _].
Qed.

(* A busy round: one more is counted, and the potential pays for it. *)
Lemma potential_next s s' arrived later E S A L finished going busy p : reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going -> S ++ A <> [] -> potential s p ->
  Z.of_nat (length busy) + (events s - 1) * tokens + p <= busy_rounds ->
  exists p', potential s' p' /\
    Z.of_nat (length (now s :: busy)) + (events s' - 1) * tokens + p' <= busy_rounds.
Proof.
  intros reached parts some has sum_up.
  pose proof (reaches_safe M B requests instance s reached) as good.
  cbn [length]. rewrite Nat2Z.inj_succ.
  pose proof (events_fall s s' _ _ _ _ _ _ _ _ parts) as fall.
  destruct (potential_falls s s' _ _ _ _ _ _ _ _ reached parts p some has) as [positive falls].
  destruct finished as [|x l] eqn:who.
  - destruct (falls eq_refl) as (p' & has' & less). exists p'. split; [exact has'|].
    cbn [length] in fall. replace (events s') with (events s) by lia. lia.
  - exists tokens. split; [|cbn [length] in fall; pose proof tokens_nonneg; nia].
    pose proof (safe_next M B requests instance s s' _ _ _ _ _ _ _ _ good parts) as good'.
    exists (fun _ => 0). split.
    + intros i here. destruct (job_is_fair s' i good' here) as (_ & ? & ?). lia.
    + split; [|reflexivity]. etransitivity; [|exact (jobs_tokens s' good')].
      apply Z.eq_le_incl, sum_ext. intros i _. lia.
Qed.

(* A busy round. *)
Lemma progress_busy s s' arrived later E S A L finished going busy p : reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going -> S ++ A <> [] ->
  progressed s busy p -> exists p', progressed s' (now s :: busy) p'.
Proof.
  intros reached parts some [has sum_up listed logged in_time].
  assert (present : now s <= latest + Z.of_nat (length busy))
    by (apply in_time; exact (busy_has_jobs s s' _ _ _ _ _ _ _ _ parts some)).
  destruct (potential_next s s' _ _ _ _ _ _ _ _ busy p reached parts some has sum_up)
    as (p' & has' & sum_up'). exists p'. constructor; auto.
  - intros x t here range.
    destruct (run_rounds s s' _ _ _ _ _ _ _ _ reached parts x t here range)
      as [[-> _]|(y & there & range')]; [now left|right; exact (listed y t there range')].
  - intros x here. pose proof (log_by_next s s' _ _ _ _ _ _ _ _ reached parts x here).
    cbn [length]. lia.
  - intros _. rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts). cbn [length]. lia.
Qed.

(* A round that is not busy. *)
Lemma progress_idle s s' arrived later E S A L finished going busy p : reaches M B requests s ->
  round_parts M B s s' arrived later E S A L finished going -> S ++ A = [] ->
  progressed s busy p -> exists p', progressed s' busy p'.
Proof.
  intros reached parts none [has sum_up listed logged in_time].
  destruct (idle_round s s' _ _ _ _ _ _ _ _ reached parts none)
    as (no_R & no_W & no_a & same & no_R' & same_log).
  pose proof (reaches_safe M B requests instance s reached) as good.
  exists p. destruct has as (h & so_far & low & ended). constructor.
  - exists h. split; [|split; [now rewrite (sum_perm _ _ _ same)|]].
    2:{ intros over. apply ended. rewrite over in same. now apply Permutation_nil in same. }
    intros i here.
    destruct (so_far i (Permutation_in _ same here)) as [range [past|(_ & g & runs & _)]];
      [auto|now rewrite no_R in runs].
  - unfold events in *. now rewrite (Permutation_length same).
  - intros x t here. apply (listed x t). unfold runs_so_far in *. rewrite no_R, no_R' in *.
    cbn in *. now apply (Permutation_in _ same_log).
  - intros x here. apply logged. now apply (Permutation_in _ same_log).
  - intros some. rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts).
    assert (one : exists r, In r later).
    { pose proof (coming_parts _ _ _ _ _ _ _ _ _ _ _ _ parts) as came. rewrite no_a in came.
      destruct later as [|r l]; [|exists r; now left]. exfalso. apply some.
      symmetry in came. apply Permutation_nil in came. symmetry in same.
      unfold jobs at 1 in same. rewrite no_R, no_W, came in same.
      now apply Permutation_nil in same. }
    destruct one as [r here].
    assert (there : In r (coming s)).
    { eapply Permutation_in; [symmetry; exact (coming_parts _ _ _ _ _ _ _ _ _ _ _ _ parts)|].
      apply in_app_iff. auto. }
    pose proof (not_yet _ _ _ _ good) as from_now. rewrite Forall_forall in from_now.
    pose proof (later_not_now _ _ _ _ _ _ _ _ _ _ _ _ parts) as not_now.
    rewrite Forall_forall in not_now, all_come. specialize (not_now r here).
    specialize (from_now r there). specialize (all_come r (known M B requests s good r
      (or_intror (or_intror there)))). lia.
Qed.

(* In every state that is reached, the busy rounds so far are bounded. *)
Lemma reaches_progress s : reaches M B requests s -> exists busy p, progressed s busy p.
Proof.
  induction 1 as [s first|s s' reached (busy & p & IH)
    (arrived & later & E & S & A & L & finished & going & parts)].
  - exists [], tokens. now apply progress_first.
  - assert (either : S ++ A = [] \/ S ++ A <> []) by (destruct (S ++ A); [now left|now right]).
    destruct either as [none|some].
    + exists busy. eapply progress_idle; eassumption.
    + exists (now s :: busy). eapply progress_busy; eassumption.
Qed.

(* The bound. *)
Lemma busy_bound s busy p : reaches M B requests s -> progressed s busy p ->
  Z.of_nat (length busy) <= busy_rounds.
Proof.
  intros reached [(h & so_far & low & ended) sum_up _ _ _]. pose proof tokens_nonneg.
  assert (0 <= sum (fun j => output_len (tag j) - h (tag j)) (jobs s))
    by (apply sum_nonneg; intros j here; destruct (so_far j here); lia).
  unfold events in sum_up. destruct (jobs s) as [|j l]; [rewrite (ended eq_refl) in *|];
    cbn [length] in *; nia.
Qed.

(* After n rounds it is round n. *)
Lemma round_number n : exists s, reaches M B requests s /\ now s = Z.of_nat n.
Proof.
  induction n as [|n (s & reached & time)].
  - exists (State 0 [] [] requests []). split; [now apply at_first|reflexivity].
  - destruct (round_exists M B requests instance s reached) as [s' here].
    exists s'. split; [eapply next_round; eassumption|].
    destruct here as (a & l & E & S & A & L & f & g & parts).
    rewrite (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts). lia.
Qed.

(* T2: the schedule exists, completes each request once, and is bounded. *)
Theorem terminates : exists fuel l, simulate (amin M B) fuel requests = Some l /\
  Permutation (map of (filter completed l)) requests /\
  (forall rounds, NoDup rounds ->
    Forall (fun t => exists x, In x l /\ start x <= t < stop x) rounds ->
    Z.of_nat (length rounds) <= busy_rounds) /\
  forall x, In x l -> stop x <= latest + busy_rounds.
Proof.
  destruct (round_number (Z.to_nat (latest + busy_rounds + 1))) as (s & reached & time).
  destruct (reaches_progress s reached) as (busy & p & made).
  pose proof (busy_bound s busy p reached made) as bounded.
  destruct made as [_ _ listed logged in_time].
  assert (ended : finished_state s).
  { destruct (jobs s) as [|j l] eqn:left.
    - unfold jobs in left. apply app_eq_nil in left as [no_R left].
      apply app_eq_nil in left as [no_W no_C]. now apply map_eq_nil in no_C.
    - exfalso. specialize (in_time ltac:(easy)). lia. }
  assert (schedule : amin_schedule M B requests (log s))
    by (exists s; repeat split; auto; apply ended).
  apply (schedules_are_simulated M B requests instance) in schedule as made.
  destruct made as (fuel & l & made & same). exists fuel, l. split; [exact made|].
  assert (from_log : forall x, In x l -> In x (log s))
    by (intros x; apply Permutation_in; now symmetry).
  repeat split.
  - rewrite <- (filter_perm _ _ _ same).
    exact (completes_once _ _ _ _ (amin_schedule_valid M B requests instance _ schedule)).
  - intros rounds distinct all. etransitivity; [|exact bounded]. apply Nat2Z.inj_le.
    apply NoDup_incl_length; [exact distinct|]. intros t here. rewrite Forall_forall in all.
    destruct (all t here) as (x & there & range). apply (listed x t); [|exact range].
    unfold runs_so_far. apply in_app_iff. auto.
  - intros x here. specialize (logged x (from_log x here)). lia.
Qed.
End Run.
End Progress.
