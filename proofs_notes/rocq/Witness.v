(* The hypotheses of the book can be met, by an instance in which Amin evicts. *)
From Coq Require Import ZArith List Lia Permutation Bool.
From AminRef Require Import Records Model Spec Refine Certificate Formula Verify Hindsight Check
  Ratio.
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

(* The same with blocks of 2 tokens and M = 8. *)
Example in_blocks : simulate (amin 8 2) 20 [a; b; c] =
  simulate (amin 8 2) 30 [a; b; c] /\ simulate (amin 8 2) 20 [a; b; c] <> None.
Proof. vm_compute. split; [reflexivity|discriminate]. Qed.

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

(* One request a round costs 25, as the volume bound allows at least: the volumes are 9. *)
Example five_one_by_one : exists s, valid 9 1 five s /\ total_latency s = 25 /\
  sum_of_totals (volume_of 1) 0 five = 9 * 15.
Proof.
  exists (map (fun r => Run r (id r) (id r + 3) true) five). split; [|now split].
  apply (check_spec 9 1 five (proj1 five_inhabited)). reflexivity.
Qed.
