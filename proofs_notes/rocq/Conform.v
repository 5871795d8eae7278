(* The checker `conform` of proofs_notes/conformance.md as a program: is a schedule one of Amin's,
   and which round is the first that is not? Definitions only; every definition runs. *)
From Coq Require Import ZArith List Bool.
From AminRef Require Import Records Model Spec Check.
Import ListNotations.
Open Scope Z_scope.

(* The order of places if ties are free, and if they are given: not strictly. *)
Definition level_or_before (x y : job request) : bool := assumed x <=? assumed y.
Definition not_after (x y : job request) : bool := negb (below y x).

(* The answer: not valid; the first round that no tie-break explains; or no such round. *)
Inductive verdict := Invalid | Departs (t : Z) | Conforms.

Section Round.
Variables M B : Z.
Variable le : job request -> job request -> bool.

(* The next tokens of these jobs fit. *)
Definition fits_now (R : list (job request)) : bool := next_tokens B R <=? M.

(* The last round, from now, in which one of these jobs is assumed to run. *)
Definition longest (R : list (job request)) : Z :=
  fold_right (fun j n => Z.max (more_tokens j) n) 0 R.

(* The plan of these jobs fits in every round in which one of them is assumed to run (L5). *)
Definition fits_always (R : list (job request)) : bool :=
  all_below (fun k => as_assumed B k R <=? M) (Z.to_nat (longest R)).

(* L1: some order of those that tie makes step 3 evict exactly E of E and S. *)
Definition evictions_ok (E S : list (job request)) : bool :=
  fits_now S && match E with [] => true | _ => existsb (fun e =>
    forallb (fun y => le y e) E && forallb (le e) S && negb (fits_now (e :: S))) E end.

(* L2: some order of those that tie makes step 4 admit exactly A of A and L, beside S. *)
Definition admissions_ok (S A L : list (job request)) : bool :=
  fits_always (S ++ A) && match L with [] => true | _ => existsb (fun w =>
    forallb (le w) L && forallb (fun y => le y w) A && negb (fits_always (S ++ A ++ [w]))) L end.

Section Schedule.
Variable requests : list request.
Variable l : list run.

(* Run x has ended when round t begins. A run that is evicted in round t still runs then. *)
Definition ended_by (t : Z) (x : run) : bool :=
  (stop x <? t) || ((stop x =? t) && completed x).

(* Run x goes on when round t begins. *)
Definition runs_at (t : Z) (x : run) : bool := (start x <? t) && negb (ended_by t x).

(* What is assumed of request r after these runs: l, or the length of an evicted run. *)
Definition learnt_from (past : list run) (r : request) : Z :=
  fold_right (fun x m => if same (of x) r && negb (completed x)
    then Z.max (stop x - start x) m else m) (lower r) past.

(* The job of a run that goes on when round t begins. Step 2 of the round before saw one token
   less. *)
Definition running_job (t : Z) (past : list run) (x : run) : job request :=
  Job (of x) (prompt_len (of x)) (Z.max (learnt_from past (of x)) (t - start x - 1))
    (rank_of (of x)) (t - start x).

(* The job of a request that waits. *)
Definition waiting_job (past : list run) (r : request) : job request :=
  Job r (prompt_len r) (learnt_from past r) (rank_of r) 0.

(* Request r has arrived, it does not run, and it has not completed. *)
Definition waits (t : Z) (running : list (job request)) (past : list run) (r : request) : bool :=
  (arrival r <? t) && negb (existsb (fun j => same (tag j) r) running)
  && negb (existsb (fun x => same (of x) r && completed x) past).

(* The state at the start of round t follows from the schedule. *)
Definition state_at (t : Z) : state :=
  let past := filter (ended_by t) l in
  let running := map (running_job t past) (filter (runs_at t) l) in
  State t running (map (waiting_job past) (filter (waits t running past) requests))
    (filter (fun r => t <=? arrival r) requests) past.

(* The schedule evicts the request of job j in round t, and starts it in round t. *)
Definition evicts (t : Z) (j : job request) : bool :=
  existsb (fun x => same (of x) (tag j) && (stop x =? t) && negb (completed x)) l.
Definition starts (t : Z) (j : job request) : bool :=
  existsb (fun x => same (of x) (tag j) && (start x =? t)) l.

(* Those that step 2 leaves running, and those that step 4 considers, if the state is s. *)
Definition after_2 (s : state) : list (job request) := map learnt (running s).
Definition queue_of (s : state) : list (job request) :=
  waiting s ++ map arrives (filter (fun r => arrival r =? now s) (coming s)).

(* Every run that starts in round t is one of a request that waits: none is readmitted at once. *)
Definition starters_wait (t : Z) (W : list (job request)) : bool :=
  forallb (fun x => negb (start x =? t) || existsb (fun w => same (of x) (tag w)) W) l.

(* Some tie-break explains what the schedule does in round t. *)
Definition round_ok (t : Z) : bool :=
  let R := after_2 (state_at t) in
  let W := queue_of (state_at t) in
  let S := filter (fun j => negb (evicts t j)) R in
  starters_wait t W && evictions_ok (filter (evicts t) R) S
  && admissions_ok S (filter (starts t) W) (filter (fun w => negb (starts t w)) W).

(* The first of the n rounds from t on that no tie-break explains. *)
Fixpoint first_wrong (n : nat) (t : Z) : option Z :=
  match n with
  | O => None
  | S m => if round_ok t then first_wrong m (t + 1) else Some t
  end.

(* The checker. *)
Definition conform : verdict :=
  if check M B requests l then
    match first_wrong (Z.to_nat (last_stop l)) 0 with Some t => Departs t | None => Conforms end
  else Invalid.
End Schedule.
End Round.
