(* How long the phases of doubling budgets last (T19): when each request completes at the latest. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Safety Certificate Ratio Doubling DoublingNumbers.
From AminRef Require Import RatioHindsight DoublingRounds.
From AminRef.facts Require Import Sums Lists Blocks Decisions Order Steps Phases.
Import ListNotations.
Open Scope Z_scope.

(* A list that is not empty has an element. *)
Lemma in_list {A} (m : list A) : m <> [] -> exists x, In x m.
Proof. destruct m as [|x m]; [easy|]. intros _. exists x. now left. Qed.

Section Doubling.
Variables M prompt_all l : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M 1 requests.
Hypothesis equal : Forall (fun r => prompt_len r = prompt_all) requests.
Hypothesis some_budget : 1 <= l.
Hypothesis lengths : Forall (fun r => l <= output_len r) requests.
Hypothesis some_prompt : 1 <= prompt_all.
Hypothesis room : 1 <= l <= M - prompt_all.
Notation cap := (M - prompt_all).
Notation budget := (budget l cap).
Notation takes_part := (takes_part l cap).
Notation in_phase := (in_phase M prompt_all l requests).
Notation facts := (request_facts M prompt_all l requests instance equal some_budget lengths).

(* How many requests take part in phase r. *)
Definition tries (r : nat) : Z := sum (fun q => if takes_part r (output_len q) then 1 else 0)
  requests.

(* M times the longest time from the beginning of phase r to its last start. *)
Definition rate (r : nat) : Z := 2 * (prompt_all + budget r).
Definition starting (r : nat) : Z := rate r * (budget r * tries r).

(* M times the latest beginning of phase r. *)
Fixpoint begins_by (r : nat) : Z :=
  match r with O => 0 | S q => begins_by q + starting q + M * (budget q + 1) end.

(* The tokens that phase r can still generate. *)
Definition left_of (r : nat) (j : job request) : Z :=
  if untried M prompt_all l r j then budget r - generated j else 0.
Definition left (r : nat) (s : state) : Z := sum (left_of r) (running s ++ waiting s).

(* Request q completes by time t, as the bound of its phase says. *)
Definition timely (q : request) (t : Z) : Prop :=
  exists r, takes_part r (output_len q) = true /\ M * t + M <= begins_by (S r).

(* What is known of the time in phase r, which began in round `first`. *)
Record on_time (r : nat) (first : Z) (s : state) : Prop := OnTime {
  begun : first <= now s /\ M * first <= begins_by r;
  not_over : M * (now s - 1 - budget r - first) <= starting r;
  still_starting : filter (untried M prompt_all l r) (waiting s) <> [] ->
    M * (now s - first) + rate r * left r s <= starting r;
  started_by : Forall (fun j => M * (now s - generated j - first) <= starting r) (running s);
  past : Forall (fun x => completed x = true -> timely (of x) (stop x)) (log s) }.

(* The capacity, and the bounds, are not negative. *)
Lemma some_room : 0 <= M /\ forall r, 0 <= tries r /\ 0 <= rate r /\ 0 <= starting r.
Proof.
  pose proof (some_capacity _ _ _ instance). split; [assumption|]. intros r.
  pose proof (budget_range l cap room r).
  assert (0 <= tries r) by (apply sum_nonneg; intros q _; destruct (takes_part _ _); lia).
  assert (0 <= budget r * tries r) by nia. unfold starting, rate. repeat split; nia.
Qed.

(* When a phase begins, no more tokens are left than its requests have together. *)
Lemma left_at_first r s : in_phase r s -> running s = [] ->
  left r s <= budget r * tries r.
Proof.
  intros phase none. unfold left, tries. rewrite none. cbn [app].
  pose proof (budget_range l cap room r).
  rewrite <- (sum_perm _ _ _ (none_lost _ _ _ _ _ _ phase)), none, sum_app, !sum_map.
  assert (0 <= sum (fun x => if takes_part r (output_len (of x)) then 1 else 0)
    (filter completed (log s))) by (apply sum_nonneg; intros q _; destruct (takes_part _ _); lia).
  enough (sum (left_of r) (waiting s) <=
    budget r * sum (fun j => if takes_part r (output_len (tag j)) then 1 else 0) (waiting s)) by
      (cbn [app]; nia).
  rewrite <- sum_scale. apply sum_le. intros j here.
  pose proof (waiting_ok _ _ _ _ _ _ phase) as waits. pose proof (part_ok _ _ _ _ _ _ phase) as
    part.
  rewrite none in part. cbn [app] in part. rewrite Forall_forall in waits, part.
  rewrite (part j here).
  unfold left_of. destruct (waits j here) as (_ & -> & _). destruct (untried _ _ _ _ _); lia.
Qed.

(* If no request of phase r runs or is untried, the next phase begins. *)
Lemma phase_begins r first s : in_phase r s -> on_time r first s ->
  ~ phase_goes_on M prompt_all l r s -> in_phase (S r) s /\ on_time (S r) (now s) s /\
  (waiting s <> [] -> phase_goes_on M prompt_all l (S r) s).
Proof.
  intros phase time over. unfold phase_goes_on in over.
  assert (no_running : running s = []) by (destruct (running s); [reflexivity|]; destruct over;
    now left).
  assert (no_untried : filter (untried M prompt_all l r) (waiting s) = [])
    by (destruct (filter _ _); [reflexivity|]; destruct over; now right).
  assert (all_tried : Forall (fun j => prompt j = prompt_all /\ generated j = 0 /\
    assumed j = budget (S r) /\ takes_part (S r) (output_len (tag j)) = true) (waiting s)).
  { pose proof (waiting_ok _ _ _ _ _ _ phase) as waits. rewrite Forall_forall in *. intros j here.
    destruct (waits j here) as (? & ? & [same|[? ?]]); [exfalso|now auto].
    apply (in_nil (a := j)). rewrite <- no_untried. apply filter_In. split; [exact here|].
    now apply Z.eqb_eq. }
  assert (next_phase : in_phase (S r) s).
  { constructor.
    - exact (all_here _ _ _ _ _ _ phase).
    - rewrite no_running. constructor.
    - eapply Forall_impl; [|exact all_tried]. cbn beta. intros j. tauto.
    - rewrite no_running. eapply Forall_impl; [|exact all_tried]. cbn beta. intros j. tauto.
    - exact (none_lost _ _ _ _ _ _ phase).
    - rewrite no_running. intros k _. exact (some_capacity _ _ _ instance). }
  split; [exact next_phase|]. split.
  2:{ intros some. right. rewrite filter_all; [exact some|]. intros j here.
      rewrite Forall_forall in all_tried. now apply Z.eqb_eq, all_tried. }
  destruct some_room as [capacity bounds].
  destruct (bounds (S r)) as (_ & some_rate & some). destruct time as [[? ?] ? _ _ ?].
  pose proof (budget_range l cap room (S r)). constructor; auto; rewrite ?no_running;
    try constructor.
  - lia.
  - cbn [begins_by]. nia.
  - nia.
  - intros _. pose proof (left_at_first (S r) s next_phase no_running). unfold starting. nia.
Qed.

Section Round.
Variable r : nat.
Variable first : Z.
Variables s s' : state.
Variables used stay A L tried finished going : list (job request).
Hypothesis before : in_phase r s.
Hypothesis on : phase_goes_on M prompt_all l r s.
Hypothesis time : on_time r first s.
Hypothesis parts : phase_parts M (budget r) s s' used stay A L tried finished going.
Notation tries_facts := (tries_facts M prompt_all l requests instance equal some_budget lengths
  r s s' used stay A L tried finished going before parts).
Notation job_facts := (job_facts M prompt_all l requests instance equal some_budget lengths
  r s s' used stay A L tried finished going before parts).

(* Those that run beside an untried request nearly fill the cache. *)
Lemma many_run w rest : L = w :: rest -> M < rate r * Z.of_nat (length (stay ++ A)).
Proof.
  intros shape. set (most := prompt_all + budget r). pose proof (budget_range l cap room r).
  assert (here_w : In w (A ++ L)) by (rewrite shape, in_app_iff; cbn; auto).
  assert (each : forall j, In j (stay ++ A ++ [w]) ->
    prompt j = prompt_all /\ assumed j = budget r /\ 0 <= generated j < budget r /\ 0 <=
      prompt_all).
  { intros j here. destruct (job_facts j) as (is_known & same & _).
    { rewrite shape. rewrite !in_app_iff in *. cbn in *. tauto. }
    apply facts in is_known. rewrite app_assoc in here. apply in_app_iff in here as [here|[<-|[]]].
    - destruct (tries_facts j here). repeat split; auto; lia.
    - pose proof (untried_now _ _ _ _ _ _ _ _ _ _ _ parts) as with_b.
      rewrite Forall_forall in with_b.
      pose proof (waiting_ok _ _ _ _ _ _ before) as waits. rewrite Forall_forall in waits.
      destruct (waits w) as (_ & none & _); [|rewrite (with_b w here_w); repeat split; auto; lia].
      apply (Permutation_in _ (Permutation_sym (waiting_parts _ _ _ _ _ _ _ _ _ _ _ parts))).
      rewrite app_assoc. apply in_app_iff. auto. }
  destruct (Z.lt_ge_cases M (most * (Z.of_nat (length (stay ++ A)) + 1))) as [over|under].
  { destruct (each w) as (_ & _ & _ & ?); [rewrite !in_app_iff; cbn; auto|]. unfold rate.
    fold most.
    assert (1 <= Z.of_nat (length (stay ++ A))) by nia. nia. }
  exfalso. apply (next_does_not _ _ _ _ _ _ _ _ _ _ _ parts w rest shape). intros k later.
  rewrite as_assumed_sum. etransitivity; [apply (sum_le_length _ most)|].
  - intros j here. destruct (each j here) as (same & with_b & range & _).
    unfold more_tokens, will_hold. rewrite same, with_b, whole_blocks_occ by lia. unfold occ.
    rewrite Z.div_1_r.
    destruct (Z.ltb_spec (generated j) (budget r)); [|lia].
    destruct (Z.ltb_spec k (budget r - generated j)); unfold most; lia.
  - rewrite app_assoc, app_length. cbn [length]. lia.
Qed.

(* Some request generates a token, or one used up its budget. *)
Lemma some_acts : used ++ stay ++ A <> [].
Proof.
  intros none. apply app_eq_nil in none as [no_used none].
  pose proof none as none'. apply app_eq_nil in none' as [no_stay no_A].
  pose proof (running_parts _ _ _ _ _ _ _ _ _ _ _ parts) as runs.
  pose proof (waiting_parts _ _ _ _ _ _ _ _ _ _ _ parts) as waits.
  rewrite no_used, no_stay in runs. apply Permutation_sym, Permutation_nil in runs.
  destruct on as [some|some]; [now rewrite runs in some|].
  assert (cases : L = [] \/ exists w rest, L = w :: rest) by (destruct L; eauto).
  destruct cases as [no_L|(w & rest & shape)].
  - apply some. rewrite no_A, no_L in waits. apply Permutation_nil.
    rewrite (filter_perm _ _ _ waits).
    cbn [app]. rewrite filter_none; [constructor|]. intros j here.
    pose proof (tried_now _ _ _ _ _ _ _ _ _ _ _ parts) as not_b. rewrite Forall_forall in not_b.
    apply Z.eqb_neq. auto.
  - pose proof (many_run w rest shape) as many. rewrite none in many. cbn [length] in many.
    destruct some_room. lia.
Qed.

(* The time until the last start of the phase is bounded for each that generates a token. *)
Lemma starts_by j : In j (stay ++ A) -> M * (now s - generated j - first) <= starting r.
Proof.
  intros here. pose proof (started_by _ _ _ time) as runs. rewrite Forall_forall in runs.
  apply in_app_iff in here as [here|here].
  - apply runs. apply (Permutation_in _ (Permutation_sym (running_parts _ _ _ _ _ _ _ _ _ _ _
    parts))).
    apply in_app_iff. auto.
  - pose proof (waiting_ok _ _ _ _ _ _ before) as waits. rewrite Forall_forall in waits.
    assert (there : In j (waiting s)).
    { apply (Permutation_in _ (Permutation_sym (waiting_parts _ _ _ _ _ _ _ _ _ _ _ parts))).
      apply in_app_iff. auto. }
    destruct (waits j there) as (_ & -> & _).
    assert (is_untried : In j (filter (untried M prompt_all l r) (waiting s))).
    { apply filter_In. split; [exact there|]. apply Z.eqb_eq.
      pose proof (untried_now _ _ _ _ _ _ _ _ _ _ _ parts) as with_b.
      rewrite Forall_forall in with_b.
      apply with_b. apply in_app_iff. auto. }
    assert (nonneg : 0 <= left r s).
    { apply sum_nonneg. intros i in_i. unfold left_of. destruct (untried _ _ _ _ _); [|lia].
      pose proof (budget_range l cap room r). apply in_app_iff in in_i as [in_i|in_i].
      - pose proof (running_ok _ _ _ _ _ _ before) as ok. rewrite Forall_forall in ok.
        destruct (ok i in_i) as (_ & _ & ? & _). lia.
      - destruct (waits i in_i) as (_ & ? & _). lia. }
    destruct some_room as [_ bounds]. destruct (bounds r) as (_ & ? & _).
    assert (some : filter (untried M prompt_all l r) (waiting s) <> [])
      by (intros none; now rewrite none in is_untried).
    pose proof (still_starting _ _ _ time some). rewrite Z.sub_0_r. nia.
Qed.

(* A round takes from what is left a token for each that generates one. *)
Lemma left_next : left r s' <= left r s - Z.of_nat (length (stay ++ A)).
Proof.
  unfold left. rewrite (running_after _ _ _ _ _ _ _ _ _ _ _ parts).
  rewrite (sum_perm _ _ _ (all_jobs _ _ _ _ _ _ _ _ _ _ _ _ _ parts)).
  rewrite sum_app, (sum_perm _ _ _ (waiting_after _ _ _ _ _ _ _ _ _ _ _ parts)), !sum_app.
  rewrite map_map, sum_map, app_length.
  pose proof (sum_perm (left_of r) _ _ (token_for_each _ _ _ _ _ _ _ _ _ _ _ parts)) as same.
  rewrite sum_map, !sum_app in same.
  assert (less : forall m, incl m (stay ++ A) ->
    sum (fun j => left_of r (one_more j)) m = sum (left_of r) m - Z.of_nat (length m)).
  { induction m as [|j m IH]; intros part; [reflexivity|]. cbn [sum length].
    rewrite IH by (intros i here; apply part; now right).
    destruct (tries_facts j (part j (or_introl eq_refl))) as [with_b _]. unfold left_of, untried.
    cbn [one_more assumed generated]. rewrite with_b, Z.eqb_refl. lia. }
  rewrite (less stay), (less A) in same by (intros i here; apply in_app_iff; auto).
  assert (0 <= sum (left_of r) finished).
  { apply sum_nonneg. intros j here. unfold left_of.
    destruct (one_token _ _ _ _ _ _ _ _ _ _ _ _ _ parts j) as (i & there & ->);
      [apply in_app_iff; auto|]. destruct (tries_facts i there). cbn [one_more generated].
    destruct (untried _ _ _ _ _); lia. }
  assert (0 <= sum (left_of r) used).
  { apply sum_nonneg. intros j here. destruct (used_facts _ _ _ _ _ _ _ _ _ _ _ _ _ _ before parts
    j here)
      as (same_b & _). unfold left_of. rewrite same_b. destruct (untried _ _ _ _ _); lia. }
  rewrite (sum_zero (fun x => left_of r (thrown_back (raised M 1 x))) used); [lia|].
  intros j here. destruct (used_facts _ _ _ _ _ _ _ _ _ _ _ _ _ _ before parts j here)
    as (_ & _ & with_next & part).
  destruct (job_facts j) as (is_known & _); [apply in_app_iff; auto|]. apply facts in is_known.
  pose proof (budget_range l cap room r).
  pose proof (budget_grows M prompt_all l r _ part ltac:(lia) ltac:(lia)).
  unfold left_of, untried. cbn [thrown_back assumed]. rewrite with_next.
  destruct (Z.eqb_spec (budget (S r)) (budget r)); lia.
Qed.

(* A request that is untried after the round was left over, and untried before. *)
Lemma untried_before : filter (untried M prompt_all l r) (waiting s') <> [] ->
  (exists w rest, L = w :: rest) /\ filter (untried M prompt_all l r) (waiting s) <> [].
Proof.
  intros some. assert (cases : L = [] \/ exists w rest, L = w :: rest) by (destruct L; eauto).
  destruct cases as [no_L|(w & rest & shape)].
  - exfalso. apply some, Permutation_nil.
    rewrite (filter_perm _ _ _ (waiting_after _ _ _ _ _ _ _ _ _ _ _ parts)), no_L.
    rewrite filter_none; [constructor|]. intros j here. cbn [app] in here. rewrite map_map in here.
    apply Z.eqb_neq. apply in_app_iff in here as [here|here].
    + apply in_map_iff in here as (i & <- & here).
      destruct (used_facts _ _ _ _ _ _ _ _ _ _ _ _ _ _ before parts i here) as (_ & _ & same &
        part).
      destruct (job_facts i) as (is_known & _); [apply in_app_iff; auto|]. apply facts in is_known.
      pose proof (budget_range l cap room r).
      pose proof (budget_grows M prompt_all l r _ part ltac:(lia) ltac:(lia)). cbn in *. lia.
    + pose proof (tried_now _ _ _ _ _ _ _ _ _ _ _ parts) as not_b. rewrite Forall_forall in not_b.
    auto.
  - split; [eauto|]. intros none. apply (in_nil (a := w)). rewrite <- none. apply filter_In.
    assert (here : In w (A ++ L)) by (rewrite shape, in_app_iff; cbn; auto). split.
    + apply (Permutation_in _ (Permutation_sym (waiting_parts _ _ _ _ _ _ _ _ _ _ _ parts))).
      rewrite app_assoc. apply in_app_iff. auto.
    + apply Z.eqb_eq. pose proof (untried_now _ _ _ _ _ _ _ _ _ _ _ parts) as with_b.
      rewrite Forall_forall in with_b. auto.
Qed.

(* The last start of the phase was at most its budget before the round. *)
Lemma over_next : M * (now s - budget r - first) <= starting r.
Proof.
  destruct some_room as [capacity _]. destruct (in_list (used ++ stay ++ A) some_acts) as [j here].
  apply in_app_iff in here as [here|here].
  - destruct (used_facts _ _ _ _ _ _ _ _ _ _ _ _ _ _ before parts j here) as (<- & _).
    pose proof (started_by _ _ _ time) as runs. rewrite Forall_forall in runs. apply runs.
    apply (Permutation_in _ (Permutation_sym (running_parts _ _ _ _ _ _ _ _ _ _ _ parts))).
    apply in_app_iff. auto.
  - pose proof (starts_by j here). destruct (tries_facts j here). nia.
Qed.

(* The bounds hold in the next round. *)
Lemma on_time_next : on_time r first s'.
Proof.
  destruct some_room as [capacity bounds]. destruct (bounds r) as (_ & some_rate & _).
  destruct time as [[begin_1 begin_2] over starts runs ended].
  assert (moved : forall j, In j (finished ++ going) ->
    M * (now s + 1 - generated j - first) <= starting r /\ generated j <= budget r).
  { intros j here. destruct (one_token _ _ _ _ _ _ _ _ _ _ _ _ _ parts j here) as (i & there & ->).
    pose proof (starts_by i there). destruct (tries_facts i there). cbn [one_more generated].
    split; [|lia]. replace (now s + 1 - (generated i + 1) - first)
      with (now s - generated i - first) by lia. assumption. }
  constructor; rewrite ?(clock _ _ _ _ _ _ _ _ _ _ _ parts).
  - split; [lia|assumption].
  - replace (now s + 1 - 1 - budget r - first) with (now s - budget r - first) by lia.
    exact over_next.
  - intros some. destruct (untried_before some) as [(w & rest & shape) some_before].
    pose proof (many_run w rest shape). pose proof left_next. specialize (starts some_before). nia.
  - rewrite (running_after _ _ _ _ _ _ _ _ _ _ _ parts). apply Forall_forall. intros j here.
    apply moved. apply in_app_iff. auto.
  - rewrite (log_after _ _ _ _ _ _ _ _ _ _ _ parts). apply Forall_app.
    split; [|apply Forall_app; split; [|exact ended]].
    + apply Forall_map, Forall_forall. intros j here _. cbn [of stop run_until]. exists r. split.
      * destruct (one_token _ _ _ _ _ _ _ _ _ _ _ _ _ parts j) as (i & there & ->);
          [apply in_app_iff; auto|]. apply (job_facts i). rewrite !in_app_iff in *. tauto.
      * cbn [begins_by]. destruct (moved j); [apply in_app_iff; auto|]. nia.
    + apply Forall_map, Forall_forall. intros j _ no. discriminate no.
Qed.
End Round.
End Doubling.
