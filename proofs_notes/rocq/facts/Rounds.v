(* Rounds in a row of any policy that decides nothing where no request runs or waits: `simulate`
   gives the log of the first state in which no request is left. *)
From Coq Require Import ZArith List Lia Bool.
From AminRef Require Import Records Model Spec.
Import ListNotations.
Open Scope Z_scope.

(* The program's test of the end. *)
Lemma is_done_spec s : is_done s = true <-> finished_state s.
Proof.
  unfold is_done, finished_state. split.
  - destruct (running s), (waiting s), (coming s); easy.
  - now intros (-> & -> & ->).
Qed.

Section Rounds.
Variable p : policy.

(* The state after n rounds. *)
Definition after (n : nat) (s : state) : state := Nat.iter n (round p) s.

(* One round more, at either end. *)
Lemma after_shift n s : after n (round p s) = round p (after n s).
Proof. unfold after. induction n as [|n IH]; [reflexivity|]. exact (f_equal (round p) IH). Qed.

(* First m rounds, then n. *)
Lemma after_add n m s : after (n + m) s = after n (after m s).
Proof. unfold after. induction n as [|n IH]; [reflexivity|]. exact (f_equal (round p) IH). Qed.

(* What `rounds` gives is the log of some state without requests. *)
Lemma rounds_from n s l : rounds p n s = Some l ->
  exists m, is_done (after m s) = true /\ log (after m s) = l.
Proof.
  revert s. induction n as [|n IH]; intros s made; cbn [rounds] in made;
    destruct (is_done s) eqn:ended; try discriminate.
  - injection made as <-. now exists 0%nat.
  - injection made as <-. now exists 0%nat.
  - destruct (IH _ made) as (m & there & same). exists (Datatypes.S m).
    change (after (Datatypes.S m) s) with (round p (after m s)). now rewrite <- after_shift.
Qed.

Hypothesis idle : steps p [] [] = ([], [], []).

(* Once no request is left, rounds change nothing but the time. *)
Lemma done_round s : is_done s = true ->
  log (round p s) = log s /\ is_done (round p s) = true.
Proof.
  unfold is_done, round. destruct s as [t running waiting coming log]. cbn.
  destruct running; [|discriminate]. destruct waiting; [|discriminate].
  destruct coming; [|discriminate]. intros _. cbn. now rewrite idle.
Qed.

(* After the end nothing changes. *)
Lemma after_end n s : is_done s = true -> log (after n s) = log s /\ is_done (after n s) = true.
Proof.
  intros ended. unfold after. induction n as [|n [same still]]; [auto|].
  change (Nat.iter (Datatypes.S n) (round p) s) with (round p (Nat.iter n (round p) s)).
  destruct (done_round _ still) as [same' still']. split; [now rewrite same'|exact still'].
Qed.

(* `rounds` gives the log of the first state without requests. *)
Lemma rounds_spec n s : is_done (after n s) = true -> rounds p n s = Some (log (after n s)).
Proof.
  revert s. induction n as [|n IH]; intros s ended; cbn [rounds].
  - cbn in ended. now rewrite ended.
  - destruct (is_done s) eqn:already; [now rewrite (proj1 (after_end (Datatypes.S n) s already))|].
    change (after (Datatypes.S n) s) with (round p (after n s)) in *.
    rewrite <- after_shift in *. now apply IH.
Qed.

(* What `rounds` gives, in one sentence. *)
Lemma rounds_iff n s l : rounds p n s = Some l <->
  is_done (after n s) = true /\ log (after n s) = l.
Proof.
  split; [|now intros [ended <-]; apply rounds_spec].
  revert s. induction n as [|n IH]; intros s made; cbn [rounds] in made;
    destruct (is_done s) eqn:ended; try discriminate.
  - now injection made as <-.
  - injection made as <-. destruct (after_end (Datatypes.S n) s ended) as [same still]. auto.
  - change (after (Datatypes.S n) s) with (round p (after n s)). rewrite <- after_shift.
    now apply IH.
Qed.
End Rounds.
