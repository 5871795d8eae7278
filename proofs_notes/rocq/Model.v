(* Sections 3 and 4 of the specification as a program: one machine, and the policies as its
   instances.
   Definitions only; every definition runs. *)
From Coq Require Import ZArith List Bool.
From AminRef Require Import Records.
Import ListNotations.
Open Scope Z_scope.

Section Model.
Variables M B : Z.

Section Steps.
Context {X : Type}.
Notation job := (job X).

(* How many more tokens j is assumed to generate: max(1, l~ - a). *)
Definition remaining (j : job) : Z := Z.max 1 (assumed j - generated j).

(* All that the plan needs of j: how many more tokens, and what j has with the next of them. *)
Definition outlook (j : job) : Z * Z := (remaining j, prompt j + generated j + 1).

(* What a job of that outlook occupies k rounds from now, if it stops at its assumed length. *)
Definition will_occupy (k : Z) (of_job : Z * Z) : Z :=
  if k <? fst of_job then occ B (snd of_job + k) else 0.

(* The same of j. *)
Definition part (k : Z) (j : job) : Z := will_occupy k (outlook j).

(* The plan: what the cache holds k rounds from now, if all stop at their assumed lengths. *)
Definition plan (running : list job) (k : Z) : Z := sum (part k) running.

(* What j occupies once it has generated its next token. *)
Definition next_token (j : job) : Z := occ B (prompt j + generated j + 1).

(* The order of section 3: by l~, then by rank. *)
Definition precedes (i j : job) : bool :=
  (assumed i <? assumed j) || ((assumed i =? assumed j) && (rank i <=? rank j)).

(* Insertion into a list that is in order, where `before` is the order. *)
Fixpoint insert (before : job -> job -> bool) (j : job) (l : list job) : list job :=
  match l with
  | [] => [j]
  | i :: later => if before j i then j :: l else i :: insert before j later
  end.

(* Insertion of all jobs of the first list. *)
Definition insert_all (before : job -> job -> bool) (jobs l : list job) : list job :=
  fold_right (insert before) l jobs.

(* Step 2 for one job. *)
Definition refine (j : job) : job :=
  Job (tag j) (prompt j) (Z.max (assumed j) (generated j)) (rank j) (generated j).

(* The next tokens of these jobs do not fit. *)
Definition overflows (running : list job) : bool := M <? sum next_token running.

(* Step 3: evict from the head of the list until the rest fits: (evicted, those who stay). *)
Fixpoint evict (running : list job) : list job * list job :=
  match running with
  | [] => ([], [])
  | j :: others =>
      if overflows running then let (evicted, stay) := evict others in (j :: evicted, stay)
      else ([], running)
  end.

(* Are p 0, ..., p (n - 1) all true? From the top, because a plan is fullest at its end. *)
Fixpoint all_below (p : Z -> bool) (n : nat) : bool :=
  match n with O => true | S m => p (Z.of_nat m) && all_below p m end.

(* In how many rounds the first of these jobs, or j, is assumed to stop. *)
Definition first_stop (of_jobs : list (Z * Z)) (j : job) : Z :=
  fold_right (fun of_job => Z.min (fst of_job)) (remaining j) of_jobs.

(* The plan with j added stays within the capacity in every round in which j is planned. The round
   before the first stop, up to which the plan rises, is looked at first: mostly it says no. *)
Definition fits (running : list job) (j : job) : bool :=
  let others := map outlook running in
  let fits_in k := sum (will_occupy k) others + will_occupy k (outlook j) <=? M in
  fits_in (first_stop others j - 1) && all_below fits_in (Z.to_nat (remaining j)).

(* Step 4: admit from the head of the queue until one does not fit: (running, those who wait on). *)
Fixpoint admit (running queue : list job) : list job * list job :=
  match queue with
  | [] => (running, [])
  | j :: later => if fits running j then admit (j :: running) later else (running, queue)
  end.

(* Amin, steps 2 to 4, on a queue in order: (evicted, running, those who wait on). *)
Definition amin_steps (running queue : list job) : list job * list job * list job :=
  let (evicted, stay) := evict (insert_all precedes (map refine running) []) in
  let (running', queue') := admit stay queue in (evicted, running', queue').

(* Amax, H-SF and SVF: step 4 alone. *)
Definition reserving_steps (running queue : list job) : list job * list job * list job :=
  let (running', queue') := admit running queue in ([], running', queue').

(* FCFS: evict the latest admitted, which stand first; admit in a round without eviction only. *)
Definition fcfs_steps (running queue : list job) : list job * list job * list job :=
  match evict running with
  | ([], stay) => reserving_steps stay queue
  | (evicted, stay) => (evicted, stay, queue)
  end.

(* An evicted job waits to be started again from nothing. *)
Definition from_nothing (j : job) : job := Job (tag j) (prompt j) (assumed j) (rank j) 0.

(* Step 5 for one job. *)
Definition generate (j : job) : job :=
  Job (tag j) (prompt j) (assumed j) (rank j) (generated j + 1).

End Steps.

(* A policy: the length that it assumes of an arriving request, the order of its queue, its steps.
   *)
Record policy := Policy {
  assume : request -> Z;
  before : job request -> job request -> bool;
  steps : list (job request) -> list (job request) ->
          list (job request) * list (job request) * list (job request) }.

(* The token-rounds of a whole run of r: what SVF sorts by. *)
Fixpoint volume (r : request) (tokens : nat) : Z :=
  match tokens with O => 0 | S n => occ B (prompt_len r + Z.of_nat tokens) + volume r n end.

(* Order by a number that the request has, then by rank. *)
Definition by_number (f : request -> Z) (i j : job request) : bool :=
  let a := f (tag i) in let b := f (tag j) in (a <? b) || ((a =? b) && (rank i <=? rank j)).

(* The longest output that fits beside the prompt of r, cut to u where u is known. *)
Definition pessimistic (r : request) : Z :=
  let room := B * (M / B) - prompt_len r in
  match upper r with None => room | Some u => Z.min u room end.

(* The five policies of sections 3 and 4. *)
Definition amin : policy := Policy lower precedes amin_steps.
Definition amax : policy := Policy pessimistic precedes reserving_steps.
Definition h_sf : policy := Policy output_len precedes reserving_steps.
Definition svf : policy :=
  Policy output_len (by_number (fun r => volume r (Z.to_nat (output_len r)))) reserving_steps.
Definition fcfs : policy := Policy (fun _ => 1) (by_number arrival) fcfs_steps.

(* The job of a request that arrives. *)
Definition new_job (p : policy) (r : request) : job request :=
  Job r (prompt_len r) (assume p r) (rank_of r) 0.

(* The run of job j that ends at time t. *)
Definition ends (t : Z) (how : bool) (j : job request) : run :=
  Run (tag j) (t - generated j) t how.

(* Job j has generated all its tokens. *)
Definition has_all (j : job request) : bool := generated j =? output_len (tag j).

(* Steps 1 to 5. *)
Definition round (p : policy) (s : state) : state :=
  let (arrived, later) := partition (fun r => arrival r <=? now s) (coming s) in
  let queue := insert_all (before p) (map (new_job p) arrived) (waiting s) in
  let '(evicted, running', queue') := steps p (running s) queue in
  let (finished, going) := partition has_all (map generate running') in
  State (now s + 1) going (insert_all (before p) (map from_nothing evicted) queue') later
    (map (ends (now s + 1) true) finished ++ map (ends (now s) false) evicted ++ log s).

(* Before round 0. *)
Definition begin (requests : list request) : state := State 0 [] [] requests [].

(* No request runs, waits or is still to come. *)
Definition is_done (s : state) : bool :=
  match running s, waiting s, coming s with [], [], [] => true | _, _, _ => false end.

(* Round after round until the state is done; None if that takes more than `fuel` rounds. *)
Fixpoint rounds (p : policy) (fuel : nat) (s : state) : option (list run) :=
  if is_done s then Some (log s) else
  match fuel with O => None | S fuel' => rounds p fuel' (round p s) end.

(* The schedule of a policy. *)
Definition simulate (p : policy) (fuel : nat) (requests : list request) : option (list run) :=
  rounds p fuel (begin requests).

End Model.
