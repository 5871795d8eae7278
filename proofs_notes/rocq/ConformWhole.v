(* Rounds composed: the theorem of proofs_notes/conformance.md, for free and for given ties. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Spec Safety Refine Check Ties Conform ConformState
  ConformRounds ConformSteps.
From AminRef.facts Require Import Sums Lists Decisions Ranks Places Rankings.
Import ListNotations.
Open Scope Z_scope.

Section Whole.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Variable allowed : ranking -> Prop.
Variable le : job request -> job request -> bool.
Hypothesis rule : tie_rule M B requests allowed le.
Notation possible := (possible M B allowed requests).
Notation conforming := (conforming M B allowed requests).
Notation conforming_until := (conforming_until M B allowed requests).

(* Time does not run backwards from round 0. *)
Lemma from_round_0 s : possible s -> 0 <= now s.
Proof.
  induction 1 as [s first|s rho s' _ IH _ (a & later & E & S & A & L & f & g & parts)].
  - rewrite (same_now _ _ first). reflexivity.
  - pose proof (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts) as time. cbn in time. lia.
Qed.

(* Before a possible state there are possible states, with the runs by then. *)
Lemma earlier_state s t : possible s -> 0 <= t <= now s ->
  exists s0, possible s0 /\ now s0 = t /\ Permutation (runs_so_far s0) (so_far t (runs_so_far s)).
Proof.
  intros is. revert t. induction is as [s first|s rho s' is IH ok there]; intros t range.
  - exists s. split; [now apply possible_first|]. pose proof (same_now _ _ first) as at_0.
    cbn in at_0.
    split; [lia|]. destruct first as [_ no_R _ _ no_log]. cbn in no_R, no_log. unfold runs_so_far.
    symmetry in no_R, no_log. apply Permutation_nil in no_R, no_log. now rewrite no_R, no_log.
  - destruct there as (a & later & E & S & A & L & f & g & parts).
    pose proof (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts) as time. cbn in time.
    destruct (possible_known M B requests instance allowed s is) as (good & _).
    pose proof (cut_back M B requests instance _ _ _ _ _ _ _ _ _ _
      (safe_ties M B requests instance rho s good) parts) as back.
    rewrite runs_ties_broken in back. cbn [ties_broken now] in back.
    destruct (Z.eq_dec t (now s')) as [->|differ].
    + exists s'. split; [eapply possible_next; eauto; now exists a, later, E, S, A, L, f, g|].
      split; [reflexivity|]. rewrite (so_far_reached M B requests instance); [reflexivity|].
      apply (possible_known M B requests instance allowed s').
      eapply possible_next; eauto. now exists a, later, E, S, A, L, f, g.
    + destruct (IH t ltac:(lia)) as (s0 & is0 & at_t & same). exists s0.
      split; [exact is0|]. split; [exact at_t|].
      rewrite same, <- (so_far_twice t (now s) (runs_so_far s')) by lia.
      apply so_far_perm. now symmetry.
Qed.

(* Some ranking is allowed. *)
Lemma some_allowed : exists rho, allowed rho.
Proof.
  pose proof (some_capacity _ _ _ instance) as capacity.
  destruct (some_ranking _ _ _ _ _ rule [] [] [] []) as (rho & ok & _); try constructor; eauto.
  intros k _. exact capacity.
Qed.

(* After the end, rounds change nothing but the time. *)
Lemma idle n s : possible s -> finished_state s -> exists s', possible s' /\ finished_state s' /\
  now s' = now s + Z.of_nat n /\ log s' = log s.
Proof.
  induction n as [|n IH]; intros is ended; [exists s; repeat split; auto; try apply ended; lia|].
  destruct (IH is ended) as (s1 & is1 & (no_R & no_W & no_C) & time & same).
  destruct some_allowed as [rho ok]. exists (State (now s1 + 1) [] [] [] (log s1)).
  split; [|repeat split; cbn; [lia|exact same]].
  apply (possible_next _ _ _ _ s1 rho); auto. exists [], [], [], [], [], [], [], [].
  unfold ties_broken. rewrite no_R, no_W, no_C. cbn.
  repeat (constructor; cbn; auto).
Qed.

(* A conforming schedule is one that rounds make, up to any time. *)
Lemma conforming_all_along t l : conforming l -> 0 <= t -> conforming_until t l.
Proof.
  intros (s & is & ended & same) from_0.
  destruct (idle (Z.to_nat t) s is ended) as (s1 & is1 & (no_R & _) & time & same_log).
  destruct (earlier_state s1 t is1) as (s0 & is0 & at_t & runs).
  { pose proof (from_round_0 s is). lia. }
  exists s0. split; [exact is0|]. split; [exact at_t|]. rewrite runs. apply so_far_perm.
  unfold runs_so_far. now rewrite no_R, same_log, same.
Qed.

(* What rounds make up to a time, they make up to earlier times. *)
Lemma made_until t u l : conforming_until t l -> 0 <= u <= t -> conforming_until u l.
Proof.
  intros (s & is & at_t & agrees) range. destruct (earlier_state s u is) as (s0 & is0 & at_u &
    runs);
    [lia|]. exists s0. split; [exact is0|]. split; [exact at_u|].
  rewrite runs, <- (so_far_twice u t l) by lia. now apply so_far_perm.
Qed.

(* It is a time. *)
Lemma until_from_0 t l : conforming_until t l -> 0 <= t.
Proof. intros (s & is & <- & _). now apply from_round_0. Qed.

(* So rounds make a schedule up to one round at most that they do not make as well. *)
Lemma departs_once l t u : conforming_until t l -> ~ conforming_until (t + 1) l ->
  conforming_until u l -> ~ conforming_until (u + 1) l -> t = u.
Proof.
  intros until_t not_t until_u not_u. pose proof (until_from_0 t l until_t).
  pose proof (until_from_0 u l until_u). destruct (Z.lt_trichotomy t u) as [less|[same|more]];
    [exfalso|exact same|exfalso].
  - apply not_t, (made_until u); [exact until_u|lia].
  - apply not_u, (made_until t); [exact until_t|lia].
Qed.

(* Every conforming schedule is valid. *)
Lemma conforming_valid l : conforming l -> valid M B requests l.
Proof.
  intros (s & is & ended & same). eapply finished_valid; [exact instance| |exact ended|exact same].
  apply (possible_known M B requests instance allowed s is).
Qed.

Variable l : list run.
Hypothesis right : valid M B requests l.
Notation ok := (round_ok M B le requests l).

(* If all rounds before time n are accepted, rounds make the runs of the schedule up to time n. *)
Lemma accepted_rounds n : (forall u, 0 <= u < Z.of_nat n -> ok u = true) ->
  conforming_until (Z.of_nat n) l.
Proof.
  induction n as [|n IH]; intros all.
  - exists (State 0 [] [] requests []). split; [now apply possible_first|]. split; [reflexivity|].
    unfold runs_so_far, so_far. cbn. rewrite filter_none; [reflexivity|]. intros x here.
    apply Z.ltb_ge. destruct (run_known M B requests instance l right x here) as (_ & came & _).
    lia.
  - destruct IH as (s & is & at_n & agrees); [intros u range; apply all; lia|].
    destruct (possible_known M B requests instance allowed s is) as (good & known & calm).
    rewrite <- at_n in agrees.
    destruct (round_ok_if M B requests instance allowed le rule l right s good known calm agrees)
      as (rho & s' & allowed_rho & round & time & agrees'); [apply all; lia|].
    exists s'. split; [eapply possible_next; eassumption|]. split; [lia|].
    replace (Z.of_nat (Datatypes.S n)) with (now s + 1) by lia. exact agrees'.
Qed.

(* If rounds make the runs of the schedule up to a time, all rounds before are accepted. *)
Lemma made_rounds t u : conforming_until t l -> 0 <= u < t -> ok u = true.
Proof.
  intros (s & is & <- & agrees). revert u agrees.
  induction is as [s first|s rho s' is IH allowed_rho round]; intros u agrees range.
  - pose proof (same_now _ _ first) as at_0. cbn in at_0. lia.
  - destruct round as (a & later & E & S & A & L & f & g & parts).
    pose proof (time_passes _ _ _ _ _ _ _ _ _ _ _ _ parts) as time. cbn in time.
    destruct (possible_known M B requests instance allowed s is) as (good & known & calm).
    pose proof (cut_back M B requests instance _ _ _ _ _ _ _ _ _ _
      (safe_ties M B requests instance rho s good) parts) as back.
    rewrite runs_ties_broken in back. cbn [ties_broken now] in back.
    assert (agrees_before : Permutation (runs_so_far s) (so_far (now s) l)).
    { rewrite <- back, <- (so_far_twice (now s) (now s') l) by lia. now apply so_far_perm. }
    destruct (Z.eq_dec u (now s)) as [->|differ]; [|apply IH; auto; lia].
    rewrite time in agrees.
    exact (round_ok_only_if M B requests instance allowed le rule l right s good known calm
      agrees_before rho allowed_rho s' _ _ _ _ _ _ _ _ parts agrees).
Qed.

(* A valid schedule whose rounds are all accepted is complete when its last run has ended. *)
Lemma complete_at_end s : possible s -> last_stop l <= now s ->
  Permutation (runs_so_far s) (so_far (now s) l) -> finished_state s /\ Permutation l (log s).
Proof.
  intros is late agrees. destruct (possible_known M B requests instance allowed s is) as (good & _).
  rewrite so_far_ended in agrees.
  - assert (all : Permutation (map of (filter completed (log s))) requests).
    { rewrite <- (completes_once _ _ _ _ right), <- (filter_perm _ _ _ agrees).
      unfold runs_so_far. rewrite filter_app, (filter_none _ (map _ _)); [reflexivity|].
      intros x here. now apply in_map_iff in here as (j & <- & _). }
    pose proof (each_once _ _ _ _ good) as each. unfold requests_in in each.
    assert (none : map tag (running s) ++ map tag (waiting s) ++ coming s = []).
    { apply length_zero_iff_nil. apply Permutation_length in each, all.
      rewrite app_length in each. lia. }
    apply app_eq_nil in none as [no_R none]. apply app_eq_nil in none as [no_W no_C].
    apply map_eq_nil in no_R, no_W. split; [now repeat split|].
    unfold runs_so_far in agrees. rewrite no_R in agrees. now symmetry.
  - intros x here. destruct (run_known M B requests instance l right x here) as (_ & _ & len).
    pose proof (last_stop_ge x l here). lia.
Qed.

(* The search for the first round that is not accepted. *)
Lemma first_wrong_spec n t : match first_wrong M B le requests l n t with
  | None => forall u, t <= u < t + Z.of_nat n -> ok u = true
  | Some w => t <= w < t + Z.of_nat n /\ ok w = false /\ forall u, t <= u < w -> ok u = true end.
Proof.
  revert t. induction n as [|n IH]; intros t; cbn [first_wrong]; [lia|].
  destruct (ok t) eqn:here; [|repeat split; auto; lia].
  specialize (IH (t + 1)). destruct (first_wrong M B le requests l n (t + 1)) as [w|].
  - destruct IH as (range & wrong & before). repeat split; auto; try lia. intros u less.
    destruct (Z.eq_dec u t) as [->|]; [exact here|apply before; lia].
  - intros u less. destruct (Z.eq_dec u t) as [->|]; [exact here|apply IH; lia].
Qed.

(* A schedule conforms exactly if all rounds before its last stop are accepted. *)
Lemma conforming_accepted :
  conforming l <-> forall u, 0 <= u < last_stop l -> ok u = true.
Proof.
  split.
  - intros conforms u range. apply (made_rounds (last_stop l)); [|exact range].
    apply conforming_all_along; [exact conforms|lia].
  - intros all. destruct (accepted_rounds (Z.to_nat (last_stop l))) as (s & is & at_end & agrees).
    { intros u range. apply all. lia. }
    exists s. split; [exact is|]. apply complete_at_end; auto; [lia|]. now rewrite at_end.
Qed.

(* What the search finds. *)
Lemma first_departure : match first_wrong M B le requests l (Z.to_nat (last_stop l)) 0 with
  | None => conforming l
  | Some w => conforming_until w l /\ ~ conforming_until (w + 1) l /\ ~ conforming l end.
Proof.
  pose proof (first_wrong_spec (Z.to_nat (last_stop l)) 0) as search.
  destruct (first_wrong M B le requests l (Z.to_nat (last_stop l)) 0) as [w|].
  - destruct search as (range & wrong & before).
    assert (not_w : ~ conforming_until (w + 1) l).
    { intros more. rewrite (made_rounds (w + 1) w more) in wrong by lia. discriminate. }
    split; [|split; [exact not_w|]].
    + replace w with (Z.of_nat (Z.to_nat w)) by lia. apply accepted_rounds. intros u less.
      apply before. lia.
    + intros conforms. apply not_w, conforming_all_along; [exact conforms|lia].
  - apply conforming_accepted. intros u range. apply search. lia.
Qed.
End Whole.

(* The answer of `conform`, whichever ties are allowed. *)
Theorem conform_spec M B requests allowed le l : sane_instance M B requests ->
  tie_rule M B requests allowed le ->
  (conform M B le requests l = Conforms <-> conforming M B allowed requests l) /\
  (conform M B le requests l = Invalid <-> ~ valid M B requests l) /\
  (forall t, conform M B le requests l = Departs t <-> valid M B requests l /\
    conforming_until M B allowed requests t l /\ ~ conforming_until M B allowed requests (t + 1) l).
Proof.
  intros instance rule.
  pose proof (conforming_valid M B requests instance allowed l) as to_valid.
  pose proof (check_spec M B requests instance l) as checked. unfold conform.
  destruct (check M B requests l).
  2: { assert (not : ~ valid M B requests l) by (intros yes; now apply checked in yes).
       split; [|split; [easy|]]; [|intros t]; (split; [discriminate|]).
       - intros conforms. now destruct (not (to_valid conforms)).
       - intros [yes _]. now destruct (not yes). }
  assert (right : valid M B requests l) by now apply checked.
  pose proof (first_departure M B requests instance allowed le rule l right) as search.
  destruct (first_wrong M B le requests l (Z.to_nat (last_stop l)) 0) as [w|].
  - destruct search as (until_w & not_w & no). split; [|split].
    + split; [discriminate|]. intros conforms. now destruct (no conforms).
    + split; [discriminate|]. intros wrong. now destruct (wrong right).
    + intros t. split; [intros same; now injection same as <-|]. intros (_ & until_t & not_t).
      f_equal. exact (departs_once M B requests instance allowed l w t until_w not_w until_t not_t).
  - split; [|split].
    + now split.
    + split; [discriminate|]. intros wrong. now destruct (wrong right).
    + intros t. split; [discriminate|]. intros (_ & until_t & not_t). exfalso. apply not_t.
      apply (conforming_all_along M B requests instance allowed le rule); [exact search|].
      pose proof (until_from_0 M B requests allowed t l until_t). lia.
Qed.
