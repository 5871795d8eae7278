(* Doubling budgets never overflow the cache (T19). *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Ratio Doubling DoublingNumbers.
From AminRef Require Import DoublingRounds DoublingTime DoublingRatio.
From AminRef.facts Require Import Sums Lists Blocks Decisions Phases.
From AminRef.facts Require AtOnce.
Import ListNotations.
Open Scope Z_scope.

(* The runs so far are over, or reach the present, and no round has held more than M. *)
Definition fits_so_far (M : Z) (s : state) : Prop :=
  (forall x, In x (log s) -> stop x <= now s) /\
  forall t, t < now s -> occupancy 1 (runs_so_far s) t <= M.

(* What a run that goes on holds, with its next token, in a round. *)
Lemma holds_next (j : job request) t n how : t < n + 1 ->
  holds_in 1 t (run_until (n + 1) how (one_more j)) = holds_in 1 t (run_until n false j)
    + if t =? n then if 0 <=? generated j then prompt_len (tag j) + generated j + 1 else 0 else 0.
Proof.
  intros past. unfold holds_in. cbn [of start stop run_until one_more tag generated].
  replace (n + 1 - (generated j + 1)) with (n - generated j) by lia. unfold occ.
  rewrite !Z.div_1_r. destruct (Z.leb_spec (n - generated j) t), (Z.ltb_spec t (n + 1)),
    (Z.ltb_spec t n), (Z.eqb_spec t n), (Z.leb_spec 0 (generated j)); cbn [andb]; lia.
Qed.

Section Fits.
Variables M prompt_all l : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M 1 requests.
Hypothesis equal : Forall (fun r => prompt_len r = prompt_all) requests.
Hypothesis some_budget : 1 <= l.
Hypothesis lengths : Forall (fun r => l <= output_len r) requests.
Variable r : nat.
Variables s s' : state.
Variables used stay A L tried finished going : list (job request).
Hypothesis before : in_phase M prompt_all l requests r s.
Hypothesis parts : phase_parts M (budget l (M - prompt_all) r) s s' used stay A L tried finished
  going.

(* What the round holds: the next token of each that runs, and of no other. *)
Lemma round_holds : sum (fun j => if 0 <=? generated j then prompt_len (tag j) + generated j + 1
  else 0) (stay ++ A) <= M.
Proof.
  pose proof (tried_fit _ _ _ _ _ _ _ _ _ _ _ parts 0 (Z.le_refl 0)) as fit.
  rewrite as_assumed_sum in fit. etransitivity; [|exact fit]. apply Z.eq_le_incl, sum_ext.
  intros j here. destruct (tries_facts M prompt_all l requests instance equal some_budget lengths
    r s s' used stay A L tried finished going before parts j here) as [with_b range].
  destruct (job_facts M prompt_all l requests instance equal some_budget lengths
    r s s' used stay A L tried finished going before parts j) as (is_known & same & _);
    [rewrite !in_app_iff in *; tauto|].
  rewrite Forall_forall in equal. unfold more_tokens, will_hold.
  rewrite whole_blocks_occ, same, (equal _ is_known) by lia. unfold occ. rewrite Z.div_1_r, with_b.
  destruct (Z.leb_spec 0 (generated j)); [|lia].
  destruct (Z.ltb_spec (generated j) (budget l (M - prompt_all) r)); [|lia].
  destruct (Z.ltb_spec 0 (budget l (M - prompt_all) r - generated j)); lia.
Qed.

(* What the runs so far hold, by the jobs of the round. *)
Lemma held_so_far t : t < now s + 1 ->
  sum (fun j => holds_in 1 t (run_until (now s) false j)) (stay ++ A)
  + sum (fun j => holds_in 1 t (run_until (now s) false j)) used + sum (holds_in 1 t) (log s)
  = occupancy 1 (runs_so_far s) t.
Proof.
  intros past. unfold occupancy, runs_so_far. rewrite (sum_app (holds_in 1 t)), sum_map.
  rewrite (sum_perm _ _ _ (running_parts _ _ _ _ _ _ _ _ _ _ _ parts)), !sum_app.
  rewrite (sum_zero _ A); [lia|]. intros j here.
  pose proof (waiting_ok _ _ _ _ _ _ before) as waits. rewrite Forall_forall in waits.
  destruct (waits j) as (_ & none & _).
  { apply (Permutation_in _ (Permutation_sym (waiting_parts _ _ _ _ _ _ _ _ _ _ _ parts))).
    apply in_app_iff. auto. }
  unfold holds_in. cbn [of start stop run_until]. rewrite none.
  destruct (Z.leb_spec (now s - 0) t), (Z.ltb_spec t (now s)); cbn [andb]; lia.
Qed.

(* The next round does not overflow either. *)
Lemma fits_next : fits_so_far M s -> fits_so_far M s'.
Proof.
  intros [over fit]. pose proof (clock _ _ _ _ _ _ _ _ _ _ _ parts) as time.
  pose proof (log_after _ _ _ _ _ _ _ _ _ _ _ parts) as logged. split.
  - intros x here. rewrite logged, !in_app_iff, !in_map_iff in here. rewrite time.
    destruct here as [(j & <- & _)|[(j & <- & _)|here]]; cbn; [lia|lia|].
    specialize (over x here). lia.
  - intros t past. rewrite time in past. unfold occupancy, runs_so_far.
    rewrite (running_after _ _ _ _ _ _ _ _ _ _ _ parts), logged, time, !sum_app, !sum_map.
    rewrite (sum_ext _ (fun j => holds_in 1 t (run_until (now s) false j)) used) by reflexivity.
    rewrite (sum_ext (fun j => holds_in 1 t (run_until (now s + 1) true j))
      (fun j => holds_in 1 t (run_until (now s + 1) false j)) finished) by reflexivity.
    pose proof (sum_perm (fun j => holds_in 1 t (run_until (now s + 1) false j)) _ _
      (token_for_each _ _ _ _ _ _ _ _ _ _ _ parts)) as token.
      rewrite sum_map, (sum_app _ finished) in token.
    rewrite (sum_ext _ _ _ (fun j _ => holds_next j t (now s) false past)), sum_plus in token.
    pose proof (held_so_far t past) as old.
    destruct (Z.eq_dec t (now s)) as [->|earlier].
    + rewrite Z.eqb_refl in token. pose proof round_holds.
      enough (occupancy 1 (runs_so_far s) (now s) = 0) by lia.
      apply sum_zero. intros x here. unfold holds_in.
      enough (stop x <= now s) by (destruct (Z.ltb_spec (now s) (stop x)); [lia|];
        now rewrite andb_false_r).
      apply in_app_iff in here as [here|here]; [|auto].
      apply in_map_iff in here as (j & <- & _). cbn. lia.
    + specialize (fit t ltac:(lia)).
      rewrite (sum_zero (fun j => if t =? now s then _ else 0)) in token; [lia|]. intros j _.
      destruct (Z.eqb_spec t (now s)); [easy|reflexivity].
Qed.
End Fits.

(* It goes on to the end. *)
Lemma rounds_fit M prompt_all l earlier requests n s log : sane_instance M 1 requests ->
  Forall (fun r => prompt_len r = prompt_all) requests -> 1 <= l ->
  Forall (fun r => l <= output_len r) requests -> 1 <= prompt_all -> 1 <= l <= M - prompt_all ->
  in_some_phase M prompt_all l requests s -> fits_so_far M s ->
  rounds (doubling M 1 l earlier) n s = Some log -> forall t, occupancy 1 log t <= M.
Proof.
  intros instance equal some_budget lengths some_prompt room. revert s.
  induction n as [|n IH]; intros s here fit made t; cbn [rounds] in made;
    destruct (is_done s) eqn:ended; try discriminate.
  1, 2: injection made as <-; destruct fit as [over fit];
    destruct (Z.lt_ge_cases t (now s)) as [past|later];
    [specialize (fit t past); unfold runs_so_far, is_done in *; destruct (running s);
      [exact fit|discriminate]|];
    unfold occupancy; rewrite sum_zero; [exact (some_capacity _ _ _ instance)|];
    intros x there; unfold holds_in; specialize (over x there);
    destruct (Z.ltb_spec t (stop x)); [lia|]; now rewrite andb_false_r.
  destruct (some_phase_next M prompt_all l earlier requests instance equal some_budget lengths
    some_prompt room s here ended) as [here' _]. apply (IH _ here'); [|exact made].
  destruct (phase_is_on M prompt_all l requests instance some_budget some_prompt room s here ended)
    as (r & first & phase & _ & on).
  destruct (round_in_phase M prompt_all l earlier requests instance equal some_budget lengths r s
    phase on) as (used & stay & A & L & tried & finished & going & parts).
  exact (fits_next M prompt_all l requests instance equal some_budget lengths r s _ used stay A L
    tried finished going phase parts fit).
Qed.

(* T19: no overflow. *)
Theorem doubling_fits M prompt_all l earlier requests fuel schedule t :
  sane_instance M 1 requests -> at_once requests ->
  Forall (fun r => prompt_len r = prompt_all) requests -> 1 <= l ->
  Forall (fun r => l <= output_len r) requests ->
  simulate (doubling M 1 l earlier) fuel requests = Some schedule -> occupancy 1 schedule t <= M.
Proof.
  intros instance zero equal some_budget lengths made. destruct requests as [|r0 others] eqn:shape.
  { assert (schedule = []) by (destruct fuel; cbn in made; congruence). subst schedule.
    exact (some_capacity _ _ _ instance). }
  rewrite <- shape in *. assert (some : requests <> []) by (rewrite shape; discriminate).
  destruct (request_facts M prompt_all l requests instance equal some_budget lengths r0)
    as (_ & some_prompt & low & high); [rewrite shape; now left|].
  assert (room : 1 <= l <= M - prompt_all) by lia.
  rewrite AtOnce.filled_at_once in made by assumption.
  apply (rounds_fit M prompt_all l earlier requests fuel (queued M l earlier requests) schedule);
    auto.
  - now apply queued_phase.
  - split; [easy|]. intros k _. exact (some_capacity _ _ _ instance).
Qed.

(* T19, whole. *)
Theorem doubling_budgets M prompt_all l earlier requests : sane_instance M 1 requests ->
  at_once requests -> Forall (fun r => prompt_len r = prompt_all) requests ->
  1 <= l -> Forall (fun r => l <= output_len r) requests ->
  (exists fuel schedule, simulate (doubling M 1 l earlier) fuel requests = Some schedule) /\
  forall fuel schedule, simulate (doubling M 1 l earlier) fuel requests = Some schedule ->
    Permutation (map of (filter completed schedule)) requests /\
    (forall t, occupancy 1 schedule t <= M) /\
    forall s, valid M 1 requests s -> 3 * total_latency schedule <= 143 * total_latency s.
Proof.
  intros instance zero equal some_budget lengths.
  destruct (doubling_ratio M prompt_all l earlier requests instance zero equal some_budget lengths)
    as [ends all]. split; [exact ends|]. intros fuel schedule made.
  destruct (all fuel schedule made) as [once ratio]. split; [exact once|].
  split; [|exact ratio]. intros t. now apply (doubling_fits M prompt_all l earlier requests fuel).
Qed.
