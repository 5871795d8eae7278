(* The hypotheses of the book can be met, by an instance in which Amin evicts. *)
From Coq Require Import ZArith QArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Refine Certificate Formula Verify Hindsight Check
  Conform Quiet Ratio AmaxFamily AmaxBatches SvfRatio Layers AmaxRatio AmaxGrowth.
From AminRef Require Import Doubling SmallInstances Family.
From AminRef.facts Require Import Blind Policies BlindPolicies.
From AminRef.resume Require Import Keeping TokenPrices.
Import ListNotations.
Open Scope Z_scope.

(* Three requests; M = 6 and B = 1. The upper bounds are known, unknown, and known. *)
Definition a := Request 0 1 3 1 (Some 5) 0 0.
Definition b := Request 1 1 3 1 None 0 1.
Definition c := Request 2 2 4 2 (Some 4) 1 2.

(* The instance meets every hypothesis of Book.v. *)
Example inhabited : sane_instance 6 1 [a; b; c].
Proof.
  constructor; [lia|lia| | |].
  - repeat constructor; cbn; try lia; intros u known; injection known as <- || discriminate; lia.
  - repeat constructor; cbn; lia.
  - repeat constructor; cbn; lia.
Qed.

(* Amin evicts request a, which outlives its bound of 1, and starts it again. *)
Example evicts : simulate (amin 6 1) 20 [a; b; c] =
  Some [Run a 8 11 true; Run c 4 8 true; Run a 3 5 false; Run b 0 3 true; Run a 0 2 false].
Proof. reflexivity. Qed.

(* So the relation of Spec.v has a schedule with two evictions. *)
Example related : amin_schedule 6 1 [a; b; c]
  [Run a 0 2 false; Run b 0 3 true; Run a 3 5 false; Run c 4 8 true; Run a 8 11 true].
Proof.
  apply schedules_are_simulated; [exact inhabited|]. exists 20%nat. eexists. split; [exact evicts|].
  apply (Permutation_rev [Run a 0 2 false; _; _; _; _]).
Qed.

(* In rounds 6 and 7 of that schedule c runs and a waits. The first token of a has no room in round
   6, so `conform` may skip round 7. It accepts the schedule, with free and with given ties. *)
Example skips_round_7 :
  let l := [Run a 0 2 false; Run b 0 3 true; Run a 3 5 false; Run c 4 8 true; Run a 8 11 true] in
  may_skip 6 1 level_or_before [a; b; c] l 7 /\ map (fun le =>
    conform_looking_at 6 1 le [a; b; c] l (fun t => negb (t =? 7))) [level_or_before; not_after] =
    [Conforms; Conforms].
Proof.
  intros l. assert (calm : forall u, 6 <= u <= 7 -> quiet [a; b; c] l u).
  { intros u range. split.
    - intros r [<-|[<-|[<-|[]]]]; cbn; lia.
    - intros x [<-|[<-|[<-|[<-|[<-|[]]]]]]; cbn; lia. }
  split; [|reflexivity]. split; [apply calm; lia|]. right. exists 6, (Job a 1 2 0 0).
  split; [split; [lia|exact calm]|]. split.
  - split; [now left|]. intros v [<-|[]]. reflexivity.
  - apply no_room. reflexivity.
Qed.

(* Where evicted requests keep their tokens, a is evicted once and generates its third token in
   round 3. Its runs hold 2, 3 and, from the prompt and two kept tokens on, 4. *)
Example resumes : simulate_keeping (amin 6 1) 20 [a; b; c] =
    Some [Run c 4 8 true; Run a 3 4 true; Run b 0 3 true; Run a 0 2 false] /\
  map (occupancy_kept 1 [Run c 4 8 true; Run a 3 4 true; Run b 0 3 true; Run a 0 2 false])
    [0; 1; 2; 3; 4; 5; 6; 7; 8] = [4; 6; 4; 4; 3; 4; 5; 6; 0].
Proof. split; reflexivity. Qed.

(* It is evicted in round 2, in which b alone runs. *)
Example evicted_and_kept : decided_by (amin 6 1) (keeping (amin 6 1) [a; b; c] 2) =
  ([Job a 1 2 0 2], [Job b 1 2 1 2], [Job c 2 2 2 0]).
Proof. reflexivity. Qed.

(* The same with blocks of 2 tokens and M = 8. *)
Example in_blocks : simulate (amin 8 2) 20 [a; b; c] =
  Some [Run c 3 7 true; Run a 0 3 true; Run b 0 3 true].
Proof. reflexivity. Qed.

(* Amax reserves 5, 5 and 4 tokens, and runs the three one after the other, as T9 allows. H-SF and
   SVF reserve less, and evict no request either. *)
Example reserves : map (assume (amax 6 1)) [a; b; c] = [5; 5; 4] /\
  simulate (amax 6 1) 20 [a; b; c] = Some [Run b 7 10 true; Run c 3 7 true; Run a 0 3 true] /\
  simulate (h_sf 6 1) 20 [a; b; c] = Some [Run c 5 9 true; Run b 2 5 true; Run a 0 3 true] /\
  simulate (svf 6 1) 20 [a; b; c] = simulate (h_sf 6 1) 20 [a; b; c].
Proof. vm_compute. auto. Qed.

(* FCFS evicts b in round 2 and c in round 4, the latest admitted each time, and no request in the
   other rounds. *)
Example first_come : simulate (fcfs 6 1) 20 [a; b; c] =
    Some [Run c 6 10 true; Run b 3 6 true; Run c 3 4 false; Run a 0 3 true; Run b 0 2 false] /\
  (forall t, (t < 10)%nat -> let s := Nat.iter t (round (fcfs 6 1)) (begin [a; b; c]) in
    let '(E, _, _) := decided_by (fcfs 6 1) s in (E = [] <-> t <> 2%nat /\ t <> 4%nat)).
Proof.
  split; [reflexivity|]. intros t less.
  do 10 (destruct t as [|t]; [vm_compute; intuition (lia || discriminate)|]). lia.
Qed.

(* The same requests, but c generates 3 tokens, and upper bounds are as before. *)
Definition shorter (r : request) : request := Request (id r) (prompt_len r)
  (Z.min 3 (output_len r)) (lower r) (upper r) (arrival r) (rank_of r).

(* FCFS is told the same in both instances until round 8, in which c would complete, as T5 asks. *)
Example told_until_8 : same_sight shorter /\ forall m, (m < 8)%nat ->
  told_alike_by (fcfs 6 1) shorter (Nat.iter m (round (fcfs 6 1)) (begin [a; b; c])).
Proof.
  split; [intros r; repeat split|]. intros m less.
  do 8 (destruct m as [|m]; [vm_compute; repeat constructor|]). lia.
Qed.

(* A certificate of two stretches with a share proves 15. Without the share it proves 13. *)
Example certificate :
  verify 6 1 2 [Stretch 0 [0; 0; 1; 0; 0] [Share 1 3 0 1 [1; 2; 0; 1; 1]]; Stretch 9 [0] []]
    [a; b; c] = Some 15 /\
  verify 6 1 2 [Stretch 0 [0; 0; 1; 0; 0] []; Stretch 9 [0] []] [a; b; c] = Some 13.
Proof. split; reflexivity. Qed.

(* So OPT is at least 15, and at most 21, the cost of Amin. *)
Example optimum_between : exists n, optimum 6 1 [a; b; c] n /\ 15 <= n <= 21.
Proof.
  destruct (one_optimum 6 1 [a; b; c] inhabited) as (n & opt & _). exists n. split; [exact opt|].
  destruct (bound_optimum_policies 6 1 [a; b; c] n inhabited opt)
    as (proved & _ & _ & of_amin & _). split.
  - exact (proved _ _ _ (proj1 certificate)).
  - exact (of_amin _ _ evicts).
Qed.

(* Five equal requests in round 0, and M = 9. *)
Definition five : list request := map (fun i => Request i 1 3 3 (Some 3) 0 i) [0; 1; 2; 3; 4].

(* They meet the hypotheses of T18: an instance with equal prompts at once. *)
Example five_inhabited : sane_instance 9 1 five /\ at_once five /\
  Forall (fun r => prompt_len r = 1) five.
Proof.
  split; [constructor; [lia|lia| | |]|split].
  - repeat constructor; cbn; try lia; intros u known; injection known as <-; lia.
  - repeat constructor; cbn; lia.
  - repeat constructor; cbn; lia.
  - repeat constructor.
  - repeat constructor.
Qed.

(* Their lower bounds are exact, as T4 (c) asks. *)
Example five_exact : Forall (fun r => lower r = output_len r) five.
Proof. repeat constructor. Qed.

(* H-SF costs 27. *)
Example five_in_order : option_map total_latency (simulate (h_sf 9 1) 20 five) = Some 27.
Proof. reflexivity. Qed.

(* Doubling budgets from 1 on evict each of them twice, and cost 69: at most 143 / 3 times 25. *)
Example five_doubled :
  option_map (fun l => (total_latency l, length (filter completed l), length l))
    (simulate (doubling 9 1 1 precedes) 30 five) = Some (69, 5%nat, 15%nat) /\
  Forall (fun r => 1 <= output_len r) five.
Proof. split; [reflexivity|]. repeat constructor; discriminate. Qed.

(* In round 0 Amax admits two of them and leaves three waiting. *)
Example five_wait : let '(E, R, L) := decided_by (amax 9 1) (begin five) in
  length E = 0%nat /\ length R = 2%nat /\ length L = 3%nat.
Proof. vm_compute. auto. Qed.

(* One request a round costs 25, as the volume bound allows at least: the volumes are 9. *)
Example five_one_by_one : exists s, valid 9 1 five s /\ total_latency s = 25 /\
  sum_of_totals (volume_of 1) 0 five = 9 * 15.
Proof.
  exists (map (fun r => Run r (id r) (id r + 3) true) five). split; [|now split].
  apply (check_spec 9 1 five (proj1 five_inhabited)). reflexivity.
Qed.

(* Four requests of one token with upper bound 3, and M = 4, as in T13 (a). *)
Definition four : list request := map (fun i => Request i 1 1 1 (Some 3) 0 i) [0; 1; 2; 3].

(* Amax runs them one by one at a cost of 10, and Amin two at a time at a cost of 6. *)
Example four_costs : Forall (one_token 3) four /\
  option_map total_latency (simulate (amax 4 1) 9 four) = Some 10 /\
  option_map total_latency (simulate (amin 4 1) 9 four) = Some 6.
Proof. split; [repeat constructor|split; reflexivity]. Qed.

(* On an instance of T12 Amin costs 17 / 9 times as much as a valid schedule, which is optimal. *)
Example worst_of_four : let four := uniform 1 2 3 0 [3; 3; 2; 2] in
  option_map total_latency (simulate (amin 5 1) 20 four) = Some (2 * 17) /\
  exists s, check 5 1 four s = true /\ total_latency s = 2 * 9.
Proof.
  split; [reflexivity|].
  exists (map (fun p => Run (fst p) (snd p) (snd p + output_len (fst p)) true)
    (combine (uniform 1 2 3 0 [3; 3; 2; 2]) [2; 5; 0; 1])). split; reflexivity.
Qed.

(* The numbers of T15 can be had: for s = 2 and u = 3 the root of v(u) / v(1) is 2, above 3 / 2. On
   the instance with c = 2, K = 4 and m = 5 Amin has a schedule, and evicts no request. *)
Example family_of_three : 3 * 3 * vol 2 1 < 2 * 2 * vol 2 3 /\
  option_map (forallb completed) (simulate (amin (cache 2 3 2) 1) 30 (family 2 3 2 4 5))
    = Some true.
Proof. split; reflexivity. Qed.

(* The five requests have peaks of 4, as T20 asks with P = 4, and SVF costs 27. *)
Example five_peaks : Forall (fun r => peak 1 r <= 4) five /\
  option_map total_latency (simulate (svf 9 1) 20 five) = Some 27.
Proof. split; [repeat constructor; discriminate|reflexivity]. Qed.

(* The hypotheses of T13 (b) with s = l = 1 and u = 3: 4 / 5 is mu or more, and 3 / 4 is not. *)
Example root_between : Forall (of_uniform 1 1 3) (numbered 1 3 0 [3; 2; 1]) /\
  (left_side 1 1 3 (4 # 5) <= right_side 1 1 (4 # 5))%Q /\
  (right_side 1 1 (3 # 4) < left_side 1 1 3 (3 # 4))%Q.
Proof. split; [repeat constructor|]. split; [discriminate|reflexivity]. Qed.

(* The sum of T13 (d) for l = 1 and u = 3. *)
Example harmonic_sum : (harmonic 2 4 == 5 # 6)%Q.
Proof. reflexivity. Qed.

(* Two batches of two requests, as in T13 (c) with k = 2 and L = 2: Amax costs 2 * (2 + 3). *)
Example two_batches : batch_cache 1 3 2 2 = 10 /\
  option_map total_latency (simulate (amax 10 1) 9 (numbered 1 3 0 [2; 2; 1; 1])) = Some 10 /\
  option_map total_latency (simulate (amax 22 1) 30 twelve) = Some 167.
Proof. vm_compute. auto. Qed.

(* A long request, and one that arrives in round 5 and needs 10 of the 11 tokens of cache. *)
Definition long_and_late : list request :=
  [Request 0 1 10 1 None 0 0; Request 1 9 1 1 None 5 1].

(* Where tokens are kept, the long request pauses in round 5: the cost is 12. A price of 1/10 in
   round 5 proves 11.6, which rounds up to 12. *)
Example pauses : sane_instance 11 1 long_and_late /\
  (exists v, valid_tokens 11 1 long_and_late v /\ token_cost v = 12) /\
  bound_kept 11 1 [0; 0; 0; 0; 0; 1] 10 long_and_late = 116.
Proof.
  split; [|split; [|reflexivity]].
  - constructor; [lia|lia| | |].
    + repeat constructor; cbn; try lia; discriminate.
    + repeat constructor; cbn; lia.
    + repeat constructor; cbn; lia.
  - exists (combine long_and_late [[0; 1; 2; 3; 4; 6; 7; 8; 9; 10]; [5]]). split; [|reflexivity].
    constructor; [reflexivity| |].
    + intros p [<-|[<-|[]]]; repeat split; cbn; lia.
    + intros t. destruct (Z_lt_le_dec t 0) as [before|from_0]; [|destruct (Z_lt_le_dec 10 t) as
        [after|to_10]]; cycle 2.
      { assert (t = 0 \/ t = 1 \/ t = 2 \/ t = 3 \/ t = 4 \/ t = 5 \/ t = 6 \/ t = 7 \/ t = 8 \/
          t = 9 \/ t = 10) as each by lia.
        repeat destruct each as [->|each]; try (rewrite each); vm_compute; discriminate. }
      all: cbn [combine long_and_late sum fst snd occupies];
        repeat match goal with |- context [?r =? ?k] =>
          replace (r =? k) with false by (symmetry; apply Z.eqb_neq; lia) end;
        vm_compute; discriminate.
Qed.
