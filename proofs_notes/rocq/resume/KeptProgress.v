(* T2 of Amin on the machine that keeps tokens: no token is lost, so each busy round generates one
   of the tokens that are left. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Model Spec Safety Optimum.
From AminRef.facts Require Import Sums Lists Decisions Order Rounds Policies Chosen.
From AminRef.resume Require Import Keeping Kept KeptMemory KeptValid KeptRules.
Import ListNotations.
Open Scope Z_scope.

(* The tokens that are still to be generated. *)
Definition tokens_left (s : state) : Z :=
  sum (fun j => output_len (tag j) - generated j) (running s ++ waiting s)
  + sum output_len (coming s).

(* A run of a past completion has all tokens of its request. *)
Definition all_served (s : state) : Prop := forall x, In x (log s) -> completed x = true ->
  tokens_in (log s) (of x) = output_len (of x).

(* In distinct rounds, there are at most as many as the runs are long together. *)
Lemma rounds_counted l busy : NoDup busy ->
  Forall (fun t => exists x, In x l /\ start x <= t < stop x) busy ->
  (forall x, In x l -> start x <= stop x) ->
  Z.of_nat (length busy) <= sum (fun x => stop x - start x) l.
Proof.
  intros distinct all forward.
  set (each := fun x => Optimum.rounds_from (start x) (Z.to_nat (stop x - start x))).
  assert (part : incl busy (flat_map each l)).
  { intros t here. rewrite Forall_forall in all. destruct (all t here) as (x & there & range).
    apply in_flat_map. exists x. split; [exact there|]. apply in_rounds. lia. }
  pose proof (NoDup_incl_length distinct part) as less.
  assert (len : forall t n, length (Optimum.rounds_from t n) = n)
    by (intros t n; revert t; induction n as [|n IH]; intros t; cbn; auto).
  assert (same : Z.of_nat (length (flat_map each l)) = sum (fun x => stop x - start x) l); [|lia].
  clear - len forward. induction l as [|x l IH]; cbn [flat_map sum]; [reflexivity|].
  rewrite app_length, Nat2Z.inj_add, IH by auto with datatypes. unfold each at 1.
  rewrite len. specialize (forward x (or_introl eq_refl)). lia.
Qed.

(* The lengths of all runs are the tokens of all requests. *)
Lemma lengths_are_tokens requests l : NoDup (map id requests) ->
  (forall x, In x l -> In (of x) requests) ->
  sum (fun x => stop x - start x) l = sum (tokens_in l) requests.
Proof.
  intros distinct known. induction l as [|x l IH]; [symmetry; now apply sum_zero|].
  cbn [sum]. rewrite IH by auto with datatypes.
  rewrite (sum_ext (tokens_in (x :: l)) (fun r => tokens_in [x] r + tokens_in l r))
    by (intros r _; exact (tokens_app [x] l r)).
  rewrite sum_plus. f_equal. destruct (in_split _ _ (known x (or_introl eq_refl)))
    as (a & b & shape). rewrite shape, map_app in distinct. cbn [map] in distinct.
  apply NoDup_remove_2 in distinct. rewrite shape, sum_app. cbn [sum].
  assert (other : forall m, incl m (a ++ b) -> sum (tokens_in [x]) m = 0).
  { intros m part. apply sum_zero. intros r here. apply tokens_of_others.
    intros y [<-|[]] same. apply distinct. rewrite same, <- map_app. now apply in_map, part. }
  rewrite !other by auto with datatypes. unfold tokens_in. cbn. rewrite Z.eqb_refl. cbn. lia.
Qed.

Section Progress.
Variables M B : Z.
Variable requests : list request.
Hypothesis instance : sane_instance M B requests.
Let tokens := sum output_len requests.
Let latest := last_arrival requests.

Section Round.
Variable s : state.
Variables E R L S A : list (job request).
Hypothesis good : keeps M B requests s.
Hypothesis decided : decided_by (amin M B) s = (E, R, L).
Hypothesis lined_up : line_up (running s) = E ++ S.
Hypothesis queued : queue_of (amin M B) s = A ++ L.
Hypothesis running_now : Permutation R (S ++ A).
Let s' := keeping_round (amin M B) s.

(* A round takes one token for each request that generates one. *)
Lemma tokens_fall : tokens_left s' + Z.of_nat (length R) = tokens_left s.
Proof.
  set (f := fun j : job request => output_len (tag j) - generated j).
  assert (ran : sum f (running s) = sum f (E ++ S)).
  { rewrite <- lined_up, (sum_perm f _ _ (line_up_perm (running s))), sum_map. reflexivity. }
  assert (waited : sum f (A ++ L) = sum f (waiting s) + sum output_len (arriving s)).
  { rewrite <- queued, (sum_perm f _ _ (queue_of_perm _ s)), sum_app, sum_map. f_equal.
    apply sum_ext. intros r _. unfold f. cbn. lia. }
  assert (made : sum f (map one_more (S ++ A)) = sum f (S ++ A) - Z.of_nat (length R)).
  { rewrite (Permutation_length running_now), sum_map.
    rewrite (sum_ext _ (fun j => f j + -1)) by (intros j _; unfold f; cbn; lia).
    rewrite sum_plus, sum_const. lia. }
  rewrite (sum_perm f _ _ (generating_perm R S A running_now)), sum_app in made.
  rewrite (sum_zero f (filter has_all _)) in made.
  - unfold tokens_left, s'. fold f. rewrite (next_state M B s E R L decided).
    cbn [running waiting coming]. rewrite !sum_app in *.
    rewrite (sum_perm f _ _ (insert_all_perm precedes E L)), sum_app.
    rewrite (sum_perm output_len _ _ (coming_perm s)), sum_app. lia.
  - intros j here. apply filter_In in here as [_ all]. apply Z.eqb_eq in all. unfold f. lia.
Qed.

(* The runs that complete have all tokens. *)
Lemma next_served : all_served s -> all_served s'.
Proof.
  intros served x here done. pose proof (next_state M B s E R L decided) as next. fold s' in next.
  rewrite next in here. cbn [log] in here.
  apply in_app_iff in here as [here|here]; [|apply in_app_iff in here as [here|here]].
  - apply in_map_iff in here as (j & <- & here). pose proof here as all.
    apply filter_In in all as [_ all]. apply Z.eqb_eq in all. cbn [ends_kept of].
    pose proof (places_distinct M B requests instance s E R L S A good lined_up queued running_now)
      as distinct. apply nodup_app in distinct as (_ & distinct & apart_E).
    apply nodup_app in distinct as (distinct & _ & _). rewrite next. cbn [log].
    rewrite !tokens_app, (tokens_of_one _ _ _ _ j distinct here), (tokens_of_others (map _ E));
      [lia|]. intros y there same. apply in_map_iff in there as (i & <- & there).
    change (id (tag i) = id (tag j)) in same.
    apply (apart_E (id (tag i))); [now apply in_map, in_map|]. apply in_app_iff. left.
    rewrite same. now apply in_map, in_map.
  - apply in_map_iff in here as (j & <- & here). discriminate.
  - rewrite (tokens_unchanged M B s E R L decided); [exact (served x here done)|].
    pose proof (distinct_ids _ _ _ instance) as distinct.
    rewrite <- (Permutation_map id (places M B requests s E R L S A good lined_up queued
      running_now)), !map_app in distinct. apply nodup_app in distinct as (_ & _ & distinct).
    intros there. apply (distinct (id (of x))).
    + apply in_map, in_map, filter_In. auto.
    + rewrite !in_app_iff in *. tauto.
Qed.
End Round.

Notation at_round := (keeping (amin M B) requests).

(* The time is the number of rounds, completed requests have all tokens, no token is lost. *)
Lemma counted n : now (at_round n) = Z.of_nat n /\ all_served (at_round n) /\
  tokens_left (at_round n) <= tokens.
Proof.
  induction n as [|n (time & served & left)].
  - repeat split; [now intros x []|]. unfold tokens_left. cbn. lia.
  - pose proof (always_keeps M B requests instance n) as good.
    destruct (decided_by (amin M B) (at_round n)) as [[E R] L] eqn:decided.
    destruct (decided_parts M B requests instance _ _ _ _ good decided)
      as (S & A & lined_up & queued & now_running & _).
    change (at_round (Datatypes.S n)) with (keeping_round (amin M B) (at_round n)).
    split; [rewrite (next_state M B _ E R L decided); cbn [now]; lia|].
    split; [now apply (next_served _ _ _ _ _ _ good decided lined_up queued now_running)|].
    pose proof (tokens_fall _ _ _ _ _ _ decided lined_up queued now_running). lia.
Qed.

(* After the last arrival, each round takes a token until no request is left. *)
Lemma ends_in_time k : (exists n, Z.of_nat n <= latest + Z.of_nat k /\ is_done (at_round n) = true)
  \/ tokens_left (at_round (Z.to_nat latest + k)) <= tokens - Z.of_nat k.
Proof.
  assert (some : 0 <= latest)
    by (unfold latest, last_arrival; clear; induction requests; cbn [fold_right]; lia).
  induction k as [|k [(n & in_time & done)|left]].
  - right. rewrite Nat.add_0_r. pose proof (counted (Z.to_nat latest)). lia.
  - left. exists n. split; [lia|exact done].
  - set (n := (Z.to_nat latest + k)%nat) in *.
    destruct (is_done (at_round n)) eqn:done; [left; exists n; split; [lia|exact done]|right].
    pose proof (always_keeps M B requests instance n) as good.
    destruct (decided_by (amin M B) (at_round n)) as [[E R] L] eqn:decided.
    destruct (decided_parts M B requests instance _ _ _ _ good decided)
      as (S & A & lined_up & queued & now_running & _).
    pose proof (tokens_fall _ _ _ _ _ _ decided lined_up queued now_running) as falls.
    replace (Z.to_nat latest + Datatypes.S k)%nat with (Datatypes.S n) by lia.
    change (at_round (Datatypes.S n)) with (keeping_round (amin M B) (at_round n)).
    enough (R <> []) by (destruct R; [easy|cbn [length] in falls; lia]).
    apply (never_idle_kept M B requests instance n E R L decided). intros none.
    apply app_eq_nil in none as [no_R none]. apply app_eq_nil in none as [no_W none].
    enough (no_C : coming (at_round n) = [])
      by (unfold is_done in done; now rewrite no_R, no_W, no_C in done).
    apply map_eq_nil in none. rewrite <- none. symmetry. apply filter_all. intros r here.
    apply Z.leb_le. destruct (counted n) as [-> _]. transitivity latest; [|lia].
    apply last_arrival_ge. eapply Permutation_in; [exact (keeps_once _ _ _ _ good)|].
    unfold requests_in. rewrite !in_app_iff. auto.
Qed.

(* Tokens that are left are not negative, and none is left only at the end. *)
Lemma tokens_left_some s : keeps M B requests s -> 0 <= tokens_left s /\
  (tokens_left s <= 0 -> is_done s = true).
Proof.
  intros good. set (f := fun j : job request => output_len (tag j) - generated j).
  assert (positive : forall (A : Type) (g : A -> Z) l, (forall x, In x l -> 1 <= g x) ->
    Z.of_nat (length l) <= sum g l).
  { intros T g l all. rewrite <- (Z.mul_1_l (Z.of_nat _)), <- sum_const. now apply sum_le. }
  assert (of_jobs : Z.of_nat (length (running s ++ waiting s)) <= sum f (running s ++ waiting s)).
  { apply positive. intros j here. unfold f. pose proof (keeps_running _ _ _ s good) as runs.
    pose proof (keeps_waiting _ _ _ s good) as waits. rewrite Forall_forall in runs, waits.
    apply in_app_iff in here as [here|here].
    - destruct (runs j here) as (_ & range & _). lia.
    - destruct (waits j here) as (_ & _ & less & _). lia. }
  assert (of_coming : Z.of_nat (length (coming s)) <= sum output_len (coming s)).
  { apply positive. intros r here. apply (sane_of M B requests instance).
    eapply Permutation_in; [exact (keeps_once _ _ _ s good)|]. unfold requests_in.
    rewrite !in_app_iff. auto. }
  unfold tokens_left. fold f. split; [lia|]. intros none. rewrite app_length in of_jobs.
  unfold is_done.
  destruct (running s), (waiting s), (coming s); cbn [length] in *; lia || reflexivity.
Qed.

(* Rounds that lead to a state without requests make a schedule. *)
Lemma simulated_if_done p n s : is_done (Nat.iter n (keeping_round p) s) = true ->
  exists l, keeping_rounds p n s = Some l.
Proof.
  revert s. induction n as [|n IH]; intros s ended; cbn [keeping_rounds].
  - cbn in ended. rewrite ended. eauto.
  - destruct (is_done s); [eauto|]. apply IH. rewrite keeping_shift. exact ended.
Qed.

(* T2. *)
Lemma terminates_kept : exists fuel l, simulate_keeping (amin M B) fuel requests = Some l /\
  valid_kept M B requests l /\
  (forall r, In r requests -> tokens_in l r = output_len r) /\
  (forall busy, NoDup busy -> Forall (fun t => exists x, In x l /\ start x <= t < stop x) busy ->
    Z.of_nat (length busy) <= tokens) /\
  forall x, In x l -> stop x <= latest + tokens.
Proof.
  assert (ended : exists n, Z.of_nat n <= latest + tokens /\ is_done (at_round n) = true).
  { pose proof (tokens_left_some _ (always_keeps M B requests instance 0)) as [some _].
    pose proof (proj2 (proj2 (counted 0))) as bound.
    destruct (ends_in_time (Z.to_nat tokens)) as [(n & in_time & done)|left].
    - exists n. split; [lia|exact done].
    - exists (Z.to_nat latest + Z.to_nat tokens)%nat.
      assert (0 <= latest)
        by (unfold latest, last_arrival; clear; induction requests; cbn [fold_right]; lia).
      split; [lia|]. apply tokens_left_some; [apply always_keeps; exact instance|lia]. }
  destruct ended as (fuel & in_time & done). destruct (simulated_if_done _ _ _ done) as [l made].
  exists fuel, l. split; [exact made|].
  split; [exact (schedule_valid_kept M B requests instance _ _ made)|].
  destruct (simulated_state requests _ _ _ made) as (n & less & ended & <-).
  pose proof (always_keeps M B requests instance n) as good.
  destruct (counted n) as (time & all & _).
  apply is_done_spec in ended as (no_R & no_W & no_C). pose proof (keeps_once _ _ _ _ good) as once.
  unfold requests_in in once. rewrite no_R, no_W, no_C in once. cbn in once.
  rewrite app_nil_r in once. pose proof (keeps_log _ _ _ _ good) as well.
  rewrite Forall_forall in well.
  assert (each : forall r, In r requests -> tokens_in (log (at_round n)) r = output_len r).
  { intros r here. apply (Permutation_in _ (Permutation_sym once)) in here.
    apply in_map_iff in here as (x & <- & here). apply filter_In in here as [here was].
    now apply all. }
  repeat split; auto.
  - intros busy distinct rounds. unfold tokens. rewrite <- (sum_ext _ _ _ each).
    rewrite <- lengths_are_tokens;
      [|exact (distinct_ids _ _ _ instance)|intros x here; now apply well].
    apply rounds_counted; auto. intros x here. specialize (well x here). lia.
  - intros x here. specialize (well x here). lia.
Qed.
End Progress.
