(* T2 of Amin: every request completes, after finitely many rounds. Count the rises of l~ and the
   completions that are still to come, times all tokens, and add the tokens that are left at and
   above some request that runs: in each busy round this number falls. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Refine Rules.
From AminRef.facts Require Import Sums Lists Decisions Order.
Import ListNotations.
Open Scope Z_scope.

(* The longest length that Amin may assume of a job, less what it assumes, plus 1. *)
Definition slack (j : job request) : Z :=
  Z.max (lower (tag j)) (output_len (tag j) - 1) + 1 - assumed j.

(* The jobs of a state that have not completed. *)
Definition jobs (s : state) : list (job request) :=
  running s ++ waiting s ++ map arrives (coming s).

(* How often l~ may still rise, and how many requests have yet to complete. *)
Definition events (s : state) : Z := sum slack (jobs s).

(* The tokens of the requests above j, and those that j still has to generate. *)
Definition left_above (s : state) (j : job request) : Z :=
  sum (fun i => output_len (tag i)) (filter (below j) (jobs s))
  + (output_len (tag j) - generated j).

Section Progress.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.

(* All tokens of the instance. *)
Definition tokens : Z := sum output_len requests.

(* A request of the instance has at least one of them. *)
Lemma tokens_some r : In r requests -> 1 <= tokens.
Proof.
  intros here. unfold tokens. pose proof (all_sane _ _ _ instance) as all.
  rewrite Forall_forall in all. apply in_split in here as (a & b & shape). rewrite shape in *.
  assert (0 <= sum output_len a /\ 0 <= sum output_len b /\ 1 <= output_len r);
    [|rewrite sum_app; cbn [sum]; lia].
  assert (some : forall q, In q (a ++ r :: b) -> 1 <= output_len q)
    by (intros q there; now apply all).
  setoid_rewrite in_app_iff in some. repeat split; [| |apply some; cbn; auto];
    apply sum_nonneg; intros q there; specialize (some q); cbn in some; intuition lia.
Qed.

(* The second part of the potential: of some job that runs, or its greatest value. *)
Definition potential (s : state) (p : Z) : Prop :=
  p = tokens \/ exists j, In j (running s) /\ p = left_above s j.

(* Each job that has not completed is one of a sane request, and its slack is positive. *)
Lemma job_is_fair s j : safe M B requests s -> In j (jobs s) ->
  1 <= slack j /\ 1 <= output_len (tag j).
Proof.
  intros good here. unfold jobs in here. rewrite !in_app_iff in here.
  assert (is_known : In (tag j) requests).
  { apply (known M B requests s good). destruct here as [here|[here|here]].
    - left. now apply in_map.
    - right; left. now apply in_map.
    - apply in_map_iff in here as (r & <- & here). right; right. exact here. }
  destruct (sane_of M B requests instance _ is_known) as [_ some low _ _ _].
  split; [|exact some]. unfold slack.
  pose proof (running_well _ _ _ _ good) as runs. pose proof (waiting_well _ _ _ _ good) as waits.
  rewrite Forall_forall in runs, waits. destruct here as [here|[here|here]].
  - destruct (runs j here) as ((_ & range) & _). lia.
  - destruct (waits j here) as ((_ & range) & _). lia.
  - apply in_map_iff in here as (r & <- & _). cbn [arrives tag assumed]. lia.
Qed.

(* The requests that have not completed have at most all tokens. *)
Lemma jobs_tokens s : safe M B requests s ->
  sum (fun i => output_len (tag i)) (jobs s) <= tokens.
Proof.
  intros good. unfold tokens. rewrite <- (sum_perm _ _ _ (each_once _ _ _ _ good)).
  unfold requests_in, jobs. rewrite !sum_app, !sum_map.
  rewrite (sum_ext (fun r => output_len (tag (arrives r))) output_len) by reflexivity.
  enough (0 <= sum (fun x => output_len (of x)) (filter completed (log s))) by lia.
  apply sum_nonneg. intros x here. apply filter_In in here as [here _].
  pose proof (log_well _ _ _ _ good) as all. rewrite Forall_forall in all.
  destruct (all x here) as (is_known & _).
  destruct (sane_of M B requests instance _ is_known) as [_ some _ _ _ _]. lia.
Qed.

(* What is left above a running job is positive, and what it generated is not left. *)
Lemma left_above_range s j : safe M B requests s -> In j (running s) ->
  1 <= left_above s j <= tokens - generated j.
Proof.
  intros good here. unfold left_above. pose proof (jobs_tokens s good).
  assert (nonneg : forall i, In i (jobs s) -> 0 <= output_len (tag i)).
  { intros i there. destruct (job_is_fair s i good there). lia. }
  pose proof (running_well _ _ _ _ good) as runs. rewrite Forall_forall in runs.
  destruct (runs j here) as (_ & range & _).
  assert (0 <= sum (fun i => output_len (tag i)) (filter (below j) (jobs s))).
  { apply sum_nonneg. intros i there. apply nonneg. now apply filter_In in there as [there _]. }
  assert (there : In j (jobs s)) by (unfold jobs; apply in_app_iff; auto).
  pose proof (sum_without (fun i => output_len (tag i)) (below j) (fun _ => true) (jobs s) j nonneg
    ltac:(auto) there (below_irreflexive j) eq_refl) as without.
  rewrite (filter_all (fun _ => true)) in without by auto. lia.
Qed.

Section Round.
Variables s s' : state.
Variables arrived later : list request.
Variables E S A L finished going : list (job request).
Hypothesis reached : reaches M B requests s.
Hypothesis parts : round_parts M B s s' arrived later E S A L finished going.

Let good := reaches_safe M B requests instance s reached.
Let good' := safe_next M B requests instance s s' _ _ _ _ _ _ _ _ good parts.
Let D := decided _ _ _ _ _ _ _ _ _ _ _ _ parts.

(* The sum over the jobs of the next round, of a number that does not count generated tokens. *)
Lemma jobs_sum f : (forall j, f (one_more j) = f j) -> (forall j, f (thrown_back j) = f j) ->
  sum f (jobs s') + sum f finished = sum f (jobs s) + sum (fun j => f (learnt j) - f j) (running s).
Proof.
  intros on back. unfold jobs. rewrite !sum_app.
  rewrite (sum_perm f _ _ (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)).
  rewrite (sum_perm f _ _ (next_waiting _ _ _ _ _ _ _ _ _ _ _ _ parts)).
  rewrite (sum_perm f _ _ (Permutation_map arrives (next_coming _ _ _ _ _ _ _ _ _ _ _ _ parts))).
  rewrite (sum_perm f _ _ (Permutation_map arrives (coming_parts _ _ _ _ _ _ _ _ _ _ _ _ parts))).
  pose proof (sum_perm f _ _ (one_token_each _ _ _ _ _ _ _ _ _ _ _ _ parts)) as token.
  pose proof (sum_perm f _ _ (all_running _ _ _ _ _ _ _ _ D)) as ran.
  pose proof (sum_perm f _ _ (all_waiting _ _ _ _ _ _ _ _ D)) as waited.
  rewrite sum_map, (sum_ext _ f) in token by (intros j _; apply on).
  rewrite map_app, !sum_app in *. rewrite (sum_map f thrown_back), (sum_ext _ f E)
    by (intros j _; apply back).
  pose proof (sum_plus (fun j => f (learnt j) - f j) f (running s)) as split_up.
  rewrite (sum_ext _ (fun j => f (learnt j))) in split_up by (intros; lia).
  rewrite sum_map in ran. lia.
Qed.

(* A round has no more events to come than the one before. If it has as many, no request completes
   and no l~ rises. *)
Lemma events_fall : events s' <= events s /\
  (events s <= events s' -> finished = [] /\ map learnt (running s) = running s).
Proof.
  pose proof (jobs_sum slack (fun _ => eq_refl) (fun _ => eq_refl)) as all.
  assert (all_finished : Z.of_nat (length finished) <= sum slack finished).
  { rewrite <- (Z.mul_1_l (Z.of_nat _)), <- sum_const. apply sum_le. intros j here.
    destruct (from_generating M B _ _ _ _ _ _ _ _ _ _ parts j) as (i & there & ->);
      [apply in_app_iff; auto|].
    destruct (generates_well M B _ instance _ _ _ _ _ _ _ _ _ _ good parts i there)
      as ((_ & range) & _). unfold slack. cbn. lia. }
  assert (fall : forall l, (sum (fun j => slack (learnt j) - slack j) l <= 0) /\
    (0 <= sum (fun j => slack (learnt j) - slack j) l -> map learnt l = l)).
  { intros l. induction l as [|j l [IH same]]; [split; [cbn; lia|reflexivity]|]. cbn [sum map].
    assert (down : slack (learnt j) - slack j = assumed j - Z.max (assumed j) (generated j))
      by (unfold slack; rewrite learnt_assumed; cbn; lia).
    split; [lia|]. intros stay. rewrite same by lia. f_equal. destruct j as [x q a k g].
    unfold learnt. cbn in *. destruct (Z.ltb_spec a g); [lia|reflexivity]. }
  destruct (fall (running s)) as [less same]. unfold events. split; [lia|].
  intros no_less. split; [|apply same; lia]. destruct finished; [reflexivity|]. cbn [length] in *.
  lia.
Qed.

(* An evicted request has one above it that stays. *)
Lemma one_above_stays y : In y E -> exists x, In x S /\ below y x = true.
Proof.
  intros here. destruct (running_ascends M B requests instance s s' _ _ _ _ _ _ _ _ reached parts)
    as (l & sorted & all).
  destruct (evicted_in_order M B requests instance s s' _ _ _ _ _ _ _ _ reached parts l sorted all)
    as (k & out & stay & _).
  assert (some : S <> []).
  { apply (greatest_stays M B requests instance s s' _ _ _ _ _ _ _ _ reached parts). intros none.
    pose proof (all_running _ _ _ _ _ _ _ _ D) as ran. rewrite none in ran.
    apply Permutation_nil in ran. apply app_eq_nil in ran as [no_E _]. now rewrite no_E in here. }
  assert (one : exists x, In x S) by (destruct S as [|x S0]; [easy|exists x; now left]).
  destruct one as [x there]. exists x. split; [exact there|].
  rewrite <- (firstn_skipn k l) in sorted. apply sorted_app in sorted as (_ & _ & across).
  apply across; eapply Permutation_in; eassumption.
Qed.

(* With no event, what is left above a request depends on its generated tokens only. *)
Lemma left_above_next j : events s <= events s' -> left_above s' j = left_above s j.
Proof.
  intros no_event. destruct events_fall as [_ same]. destruct (same no_event) as [none stay].
  unfold left_above. f_equal. rewrite !sum_filter.
  pose proof (jobs_sum (fun i => if below j i then output_len (tag i) else 0)
    (fun _ => eq_refl) (fun _ => eq_refl)) as all.
  rewrite none in all. cbn [sum] in all. rewrite Z.add_0_r in all. rewrite all.
  rewrite sum_zero with (l := running s); [now rewrite Z.add_0_r|]. intros i here.
  assert (kept : learnt i = i); [|now rewrite kept, Z.sub_diag].
  clear - stay here. induction (running s) as [|x l IH]; [easy|]. cbn in stay.
  injection stay as same_x same_l. destruct here as [<-|here]; auto.
Qed.

(* With no event, each job that generates a token goes on. *)
Lemma goes_on j : events s <= events s' -> In j (S ++ A) -> In (one_more j) (running s').
Proof.
  intros no_event here. destruct events_fall as [_ same]. destruct (same no_event) as [none _].
  eapply Permutation_in; [symmetry; exact (next_running _ _ _ _ _ _ _ _ _ _ _ _ parts)|].
  pose proof (one_token_each _ _ _ _ _ _ _ _ _ _ _ _ parts) as token. rewrite none in token.
  eapply Permutation_in; [exact token|]. now apply in_map.
Qed.

(* In a busy round without an event, the second part of the potential falls. *)
Lemma potential_falls p : S ++ A <> [] -> events s <= events s' -> potential s p ->
  exists p', potential s' p' /\ p' + 1 <= p.
Proof.
  intros busy no_event [->|(j & here & ->)].
  - assert (one : exists x, In x (S ++ A))
      by (destruct (S ++ A) as [|x l]; [easy|exists x; now left]).
    destruct one as [x there]. exists (left_above s' (one_more x)).
    pose proof (goes_on x no_event there) as on. split; [right; eauto|].
    pose proof (left_above_range s' _ good' on).
    pose proof (running_well _ _ _ _ good') as runs. rewrite Forall_forall in runs.
    destruct (runs _ on) as (_ & range & _). lia.
  - destruct events_fall as [_ same]. destruct (same no_event) as [_ stay].
    pose proof (all_running _ _ _ _ _ _ _ _ D) as ran. rewrite stay in ran.
    pose proof (Permutation_in _ ran here) as there. apply in_app_iff in there as [out|stays].
    + destruct (one_above_stays j out) as (x & stays & above).
      exists (left_above s' (one_more x)). split.
      { right. exists (one_more x). split; [|reflexivity]. apply goes_on; [exact no_event|].
        apply in_app_iff. auto. }
      rewrite left_above_next by exact no_event. unfold left_above.
      change (filter (below (one_more x)) (jobs s)) with (filter (below x) (jobs s)).
      cbn [one_more tag generated].
      assert (x_runs : In x (running s)).
      { eapply Permutation_in; [symmetry; exact ran|]. apply in_app_iff. auto. }
      pose proof (running_well _ _ _ _ good) as runs. rewrite Forall_forall in runs.
      destruct (runs j here) as (_ & range & _). destruct (runs x x_runs) as (_ & range_x & _).
      pose proof (sum_without (fun i => output_len (tag i)) (below x) (below j) (jobs s) x
        (fun i there => ltac:(destruct (job_is_fair s i good there); lia))
        (fun y over => below_transitive _ _ _ above over)
        ltac:(unfold jobs; apply in_app_iff; auto) (below_irreflexive x) above) as more.
      cbn beta in more. lia.
    + exists (left_above s' (one_more j)). split.
      { right. exists (one_more j). split; [|reflexivity]. apply goes_on; [exact no_event|].
        apply in_app_iff. auto. }
      rewrite left_above_next by exact no_event. unfold left_above.
      change (filter (below (one_more j)) (jobs s)) with (filter (below j) (jobs s)). cbn. lia.
Qed.

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

(* By how many rounds the busy ones are bounded: n completions and the rises of l~, times all
   tokens. *)
Definition busy_rounds : Z :=
  sum (fun r => 1 + Z.max 0 (output_len r - 1 - lower r)) requests * tokens.

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
  assert (start : events s = sum (fun r => 1 + Z.max 0 (output_len r - 1 - lower r)) requests).
  { unfold events, jobs. rewrite no_R, no_W. cbn [app]. rewrite sum_map, (sum_perm _ _ _ all_C).
    apply sum_ext. intros r _. unfold slack, arrives. cbn [tag assumed]. lia. }
  constructor.
  - now left.
  - rewrite start. unfold busy_rounds. cbn [length]. lia.
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
  destruct (events_fall s s' _ _ _ _ _ _ _ _ reached parts) as [less _].
  destruct (Z.lt_ge_cases (events s') (events s)) as [fell|same].
  - exists tokens. split; [now left|]. assert (1 <= p).
    { destruct has as [->|(j & here & ->)]; [|apply (left_above_range s j good here)].
      assert (one : exists x, In x (S ++ A))
        by (destruct (S ++ A) as [|x l]; [easy|exists x; now left]).
      destruct one as [x here].
      destruct (generates_well M B _ instance _ _ _ _ _ _ _ _ _ _ good parts x here)
        as (_ & _ & _ & is_known). exact (tokens_some _ is_known). }
    pose proof tokens_nonneg. nia.
  - destruct (potential_falls s s' _ _ _ _ _ _ _ _ reached parts p some same has)
      as (p' & has' & falls). exists p'. split; [exact has'|].
    replace (events s') with (events s) by lia. lia.
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
  exists p. destruct has as [->|(j & here & _)]; [|now rewrite no_R in here].
  constructor.
  - now left.
  - unfold events in *. now rewrite (sum_perm _ _ _ same).
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
  intros reached [has sum_up _ _ _]. pose proof (reaches_safe M B requests instance s reached) as
    good. pose proof tokens_nonneg.
  assert (count : Z.of_nat (length (jobs s)) <= events s).
  { unfold events. rewrite <- (Z.mul_1_l (Z.of_nat _)), <- sum_const. apply sum_le.
    intros j here. now apply (job_is_fair s j good). }
  destruct has as [->|(j & here & ->)]; [nia|].
  pose proof (left_above_range s j good here).
  assert (1 <= events s); [|nia]. assert (there : In j (jobs s)) by
    (unfold jobs; apply in_app_iff; auto).
  destruct (jobs s); [easy|]. cbn [length] in count. lia.
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
