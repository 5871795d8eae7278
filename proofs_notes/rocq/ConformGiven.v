(* With given ties, the conforming schedules are the schedules of Spec.v, so those of `simulate`. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Spec Safety Check Ties Conform ConformState ConformSteps
  ConformWhole.
From AminRef.facts Require Import Lists Ranks Rankings.
Import ListNotations.
Open Scope Z_scope.

Section Given.
Variables M B : Z.
Variable requests : list request.

(* The requests that arrive in the round of s, and those that come later. *)
Notation arriving s := (filter (fun r => arrival r =? now s) (coming s)).
Notation staying s := (filter (fun r => negb (arrival r =? now s)) (coming s)).

(* With the ranks of the instance, breaking ties is step 1 and nothing else. *)
Lemma ties_given rho s : given_ranks rho -> ranked s -> ties_broken rho s =
  State (now s) (running s) (waiting s ++ map arrives (arriving s)) (staying s) (log s).
Proof.
  intros given own. unfold ranked in own. apply Forall_app in own as [own_R own_W].
  assert (same : forall l, Forall (fun j => rank j = rank_of (tag j)) l -> map (with_rank rho) l =
    l).
  { intros l each. rewrite <- (map_id l) at 2. apply map_ext_in. intros [t p n r g] here.
    rewrite Forall_forall in each. specialize (each _ here). cbn in each. unfold with_rank. cbn.
    now rewrite given, each. }
  unfold ties_broken. f_equal; apply same; [exact own_R|]. apply Forall_app. split; [exact own_W|].
  now apply Forall_map, Forall_forall.
Qed.

(* A round with its arrivals is the round after them. *)
Lemma round_after_arrivals s s' : amin_round M B s s' <-> amin_round M B
  (State (now s) (running s) (waiting s ++ map arrives (arriving s)) (staying s) (log s)) s'.
Proof.
  pose proof (filter_both (fun r => arrival r =? now s) (coming s)) as both.
  assert (at_now : Forall (fun r => arrival r = now s) (arriving s)).
  { apply Forall_forall. intros r here. apply filter_In in here as [_ is]. now apply Z.eqb_eq. }
  assert (not_now : Forall (fun r => arrival r <> now s) (staying s)).
  { apply Forall_forall. intros r here. apply filter_In in here as [_ is].
    now apply Z.eqb_neq, negb_true_iff. }
  split; intros (a & b & E & S & A & L & f & g & parts); pose proof parts as [time split_up now_a
    not_b
    D tokens full not_full next_R next_W next_C next_L]; cbn in *;
    destruct D as [ran needed enough waited fit no_fit].
  - destruct (split_unique (fun r => arrival r = now s) (arriving s) (staying s) a b)
      as [same_a same_b]; auto; [now rewrite <- split_up, <- both|].
    exists [], (staying s), E, S, A, L, f, g.
    constructor; cbn; auto; [|now rewrite next_C].
    constructor; auto. rewrite app_nil_r, <- waited.
    now apply Permutation_app_head, Permutation_map.
  - assert (none : a = []).
    { destruct a as [|r rest]; [reflexivity|]. exfalso. apply Forall_cons_iff in now_a as [is _].
      rewrite Forall_forall in not_now. apply (not_now r); [|exact is].
      apply (Permutation_in _ (Permutation_sym split_up)). now left. }
    subst a. cbn in *. rewrite app_nil_r in waited. exists (arriving s), b, E, S, A, L, f, g.
    constructor; cbn; auto; [|now constructor].
    rewrite <- split_up. exact both.
Qed.

(* The states that given ties allow are those of Spec.v. *)
Lemma possible_given s : possible M B given_ranks requests s <-> reaches M B requests s.
Proof.
  split.
  - induction 1 as [s first|s rho s' _ IH given round]; [now apply at_first|].
    apply (next_round _ _ _ s); [exact IH|]. apply round_after_arrivals.
    rewrite <- (ties_given rho s given); [exact round|]. now apply (reaches_ranked M B requests).
  - induction 1 as [s first|s s' reached IH round]; [now apply possible_first|].
    apply (possible_next _ _ _ _ s rank_of); [exact IH|easy|].
    rewrite ties_given; [exact (proj1 (round_after_arrivals s s') round)|easy|].
    now apply (reaches_ranked M B requests).
Qed.

(* A schedule conforms under given ties exactly if it is Amin's. *)
Lemma conforming_given l : conforming M B given_ranks requests l <-> amin_schedule M B requests l.
Proof. unfold conforming, amin_schedule. now setoid_rewrite possible_given. Qed.

(* The checker with free ties. *)
Theorem conform_free l : sane_instance M B requests ->
  let verdict := conform M B level_or_before requests l in
  let allowed := any_ranking requests in
  (verdict = Conforms <-> conforming M B allowed requests l) /\
  (verdict = Invalid <-> ~ valid M B requests l) /\
  (forall t, verdict = Departs t <-> valid M B requests l /\
    conforming_until M B allowed requests t l /\
    ~ conforming_until M B allowed requests (t + 1) l).
Proof.
  intros instance. apply conform_spec; [exact instance|]. apply free_ties.
  exact (NoDup_map_inv id requests (distinct_ids _ _ _ instance)).
Qed.

(* The checker with given ties. *)
Theorem conform_given l : sane_instance M B requests ->
  let verdict := conform M B not_after requests l in
  (verdict = Conforms <-> amin_schedule M B requests l) /\
  (verdict = Invalid <-> ~ valid M B requests l) /\
  (forall t, verdict = Departs t <-> valid M B requests l /\
    conforming_until M B given_ranks requests t l /\
    ~ conforming_until M B given_ranks requests (t + 1) l).
Proof.
  intros instance verdict. subst verdict. rewrite <- conforming_given.
  apply conform_spec; [exact instance|]. apply given_ties. exact (distinct_ranks _ _ _ instance).
Qed.

(* No conforming schedule has the same runs as a departing one up to the end of its wrong round. *)
Theorem none_goes_further allowed le l t : sane_instance M B requests ->
  tie_rule M B requests allowed le -> conform M B le requests l = Departs t ->
  forall other, conforming M B allowed requests other ->
    ~ Permutation (so_far (t + 1) other) (so_far (t + 1) l).
Proof.
  intros instance rule departs other conforms same.
  destruct (conform_spec M B requests allowed le l instance rule) as (_ & _ & wrong).
  destruct (proj1 (wrong t) departs) as (_ & (s0 & is0 & at_t & _) & no). apply no.
  pose proof (from_round_0 M B requests allowed s0 is0).
  destruct (conforming_all_along M B requests instance allowed le rule (t + 1) other conforms)
    as (s & is & time & runs); [lia|]. exists s. now rewrite <- same.
Qed.

(* The same for both kinds of ties. *)
Theorem none_agrees_longer l t : sane_instance M B requests ->
  (conform M B level_or_before requests l = Departs t ->
    forall other, conforming M B (any_ranking requests) requests other ->
    ~ Permutation (so_far (t + 1) other) (so_far (t + 1) l)) /\
  (conform M B not_after requests l = Departs t ->
    forall other, amin_schedule M B requests other ->
    ~ Permutation (so_far (t + 1) other) (so_far (t + 1) l)).
Proof.
  intros instance. split; intros departs other made.
  - apply (none_goes_further (any_ranking requests) level_or_before); auto. apply free_ties.
    exact (NoDup_map_inv id requests (distinct_ids _ _ _ instance)).
  - apply conforming_given in made. apply (none_goes_further given_ranks not_after); auto.
    apply given_ties. exact (distinct_ranks _ _ _ instance).
Qed.

(* The state lemma for every state that allowed rankings lead to. *)
Theorem state_of_schedule allowed s l : sane_instance M B requests -> valid M B requests l ->
  possible M B allowed requests s -> Permutation (runs_so_far s) (so_far (now s) l) ->
  alike (with_own_ranks s) (state_at requests l (now s)).
Proof.
  intros instance right is agrees.
  destruct (possible_known M B requests instance allowed s is) as (good & known & calm).
  now apply (follows M B requests instance l right s good known calm).
Qed.
End Given.
