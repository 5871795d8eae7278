(* Section 3 of the specification in words of its own: one round of Amin as a relation between two
   states, and what a schedule of Amin's is. No program and no recursion: of the other files only
   the
   records are used.
   - x is evicted exactly if the next tokens of x and of all those not below it exceed the cache;
   - w is admitted exactly if the requests that stay, w, and all that wait and are not above w
     never exceed the cache as assumed. *)
From Coq Require Import ZArith List Bool Permutation Sorting.Sorted.
From AminRef Require Import Records.
Import ListNotations.
Open Scope Z_scope.

Section Spec.
Variables M B : Z.

(* Section 1: x tokens, rounded up to whole blocks. *)
Definition whole_blocks (x : Z) : Z := if x mod B =? 0 then x else x + (B - x mod B).

Section Decision.
Context {X : Type}.
Implicit Types (i j v w x y : job X) (l R W E S A L : list (job X)).

(* The order of section 3, strictly. *)
Definition below i j : bool :=
  if assumed i =? assumed j then rank i <? rank j else assumed i <? assumed j.

(* What j occupies k rounds from now, k = 0 being the present round, if it still runs. *)
Definition will_hold k j : Z := whole_blocks (prompt j + (generated j + (k + 1))).

(* How many more tokens j is assumed to generate. *)
Definition more_tokens j : Z := if generated j <? assumed j then assumed j - generated j else 1.

(* What these jobs occupy with their next tokens. *)
Definition next_tokens R : Z := sum (will_hold 0) R.

(* What these jobs occupy k rounds from now, if each stops at its assumed length. *)
Definition as_assumed k R : Z := sum (will_hold k) (filter (fun j => k <? more_tokens j) R).

(* As assumed, these jobs fit in every round from now on. *)
Definition never_exceeds R : Prop := forall k, 0 <= k -> as_assumed k R <= M.

(* x_1, x_2, ... with each strictly below all that follow. *)
Definition ascending l : Prop := StronglySorted (fun x y => below x y = true) l.

(* Those of a list that are not below x, and those that are not above w. *)
Definition not_below x R : list (job X) := filter (fun y => negb (below y x)) R.
Definition not_above w R : list (job X) := filter (fun v => negb (below w v)) R.

(* Job j after step 2. *)
Definition learnt j : job X :=
  Job (tag j) (prompt j) (if assumed j <? generated j then generated j else assumed j)
    (rank j) (generated j).

(* Steps 2 to 4 for running R and waiting W: E is evicted, S stays, A is admitted, L waits on. *)
Record decision R W E S A L : Prop := Decision {
  all_running : Permutation (map learnt R) (E ++ S);
  evicted_needed : Forall (fun x => M < next_tokens (not_below x (E ++ S))) E;
  stays_fits : Forall (fun x => next_tokens (not_below x (E ++ S)) <= M) S;
  all_waiting : Permutation W (A ++ L);
  admitted_fits : Forall (fun w => never_exceeds (S ++ not_above w (A ++ L))) A;
  left_does_not : Forall (fun w => ~ never_exceeds (S ++ not_above w (A ++ L))) L }.

End Decision.

(* The job of a request that arrives, of one that was evicted, and of one that generated a token. *)
Definition arrives (r : request) : job request := Job r (prompt_len r) (lower r) (rank_of r) 0.
Definition thrown_back (j : job request) : job request :=
  Job (tag j) (prompt j) (assumed j) (rank j) 0.
Definition one_more (j : job request) : job request :=
  Job (tag j) (prompt j) (assumed j) (rank j) (generated j + 1).

(* The run of j that ends at time t. *)
Definition run_until (t : Z) (how : bool) (j : job request) : run :=
  Run (tag j) (t - generated j) t how.

(* A round from s to s', with its parts named. *)
Record round_parts (s s' : state) (arrived later : list request)
  (E S A L finished going : list (job request)) : Prop := RoundParts {
  time_passes : now s' = now s + 1;
  coming_parts : Permutation (coming s) (arrived ++ later);
  arrived_now : Forall (fun r => arrival r = now s) arrived;
  later_not_now : Forall (fun r => arrival r <> now s) later;
  decided : decision (running s) (waiting s ++ map arrives arrived) E S A L;
  one_token_each : Permutation (map one_more (S ++ A)) (finished ++ going);
  finished_all : Forall (fun j => generated j = output_len (tag j)) finished;
  going_not_all : Forall (fun j => generated j <> output_len (tag j)) going;
  next_running : Permutation (running s') going;
  next_waiting : Permutation (waiting s') (L ++ map thrown_back E);
  next_coming : Permutation (coming s') later;
  next_log : Permutation (log s')
    (map (run_until (now s + 1) true) finished ++ map (run_until (now s) false) E ++ log s) }.

(* One round of Amin leads from s to s'. *)
Definition amin_round (s s' : state) : Prop :=
  exists arrived later E S A L finished going,
    round_parts s s' arrived later E S A L finished going.

(* A state is four sets and the time: the order of its lists says nothing. *)
Record alike (s s' : state) : Prop := Alike {
  same_now : now s = now s';
  same_running : Permutation (running s) (running s');
  same_waiting : Permutation (waiting s) (waiting s');
  same_coming : Permutation (coming s) (coming s');
  same_log : Permutation (log s) (log s') }.

(* The states that rounds of Amin lead to from the beginning. *)
Inductive reaches (requests : list request) : state -> Prop :=
  | at_first s : alike s (State 0 [] [] requests []) -> reaches requests s
  | next_round s s' : reaches requests s -> amin_round s s' -> reaches requests s'.

(* No request runs, waits or is still to come. *)
Definition finished_state (s : state) : Prop := running s = [] /\ waiting s = [] /\ coming s = [].

(* A schedule is Amin's if rounds lead to its runs and no request is left. *)
Definition amin_schedule (requests : list request) (l : list run) : Prop :=
  exists s, reaches requests s /\ finished_state s /\ Permutation l (log s).

(* The runs of a state, those that still go on included: they have reached the present time. *)
Definition runs_so_far (s : state) : list run := map (run_until (now s) false) (running s) ++ log s.

End Spec.
