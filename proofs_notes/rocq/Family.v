(* The instances of Theorem A1 of the book, T15, and the rounds in which Amin starts their
   requests. *)
From Coq Require Import ZArith List Lia Permutation Bool Sorting.Sorted.
From AminRef Require Import Records Spec Safety FamilyStarts.
From AminRef.facts Require Import Sums Lists.
Import ListNotations.
Open Scope Z_scope.

(* n times x. *)
Definition many {A} (n : Z) (x : A) : list A := repeat x (Z.to_nat n).

(* The n numbers from `from` on. *)
Definition numbers (from n : Z) : list Z :=
  map (fun i => from + Z.of_nat i) (seq 0 (Z.to_nat n)).

(* Requests of the given outputs in the order of rank, which is their number from i on: prompt s,
   and
   bounds from 1 to u. *)
Fixpoint numbered (s u i : Z) (outputs : list Z) : list request :=
  match outputs with
  | [] => []
  | o :: later => Request i s o 1 (Some u) 0 i :: numbered s u (i + 1) later
  end.

Section Family.
Variables s u c K m : Z.

(* The volume v(o), and M. *)
Definition vol (o : Z) : Z := o * s + o * (o + 1) / 2.
Definition cache : Z := c * vol u.

(* x_t and f_t of the book. *)
Definition surviving (t : Z) : Z := (cache - c * vol t) / (s + t + 1).
Definition filling (t : Z) : Z := (cache - c * vol t - surviving t * (s + t + 1)) / (s + 1).

(* The outputs in the order of rank. *)
Definition outputs : list Z :=
  (flat_map (fun t => many (surviving (t - 1) - surviving t) t) (numbers 1 (u - 1)) ++ many c u) ++
  flat_map (fun t => many c u ++ many (filling t) 1) (numbers 1 (u - 1)) ++
  many K u ++
  many m 1.

(* The family's instance. *)
Definition family : list request := numbered s u 0 outputs.

(* The first round of which the theorem does not say what starts in it. *)
Definition horizon : Z := u + K / c.

(* The same outputs, each with the round in which Amin starts it; from the horizon on, with the
   horizon. *)
Definition starts : list (Z * Z) :=
  (flat_map (fun t => many (surviving (t - 1) - surviving t) (0, t)) (numbers 1 (u - 1)) ++ many c
    (0, u)) ++
  flat_map (fun t => many c (t, u) ++ many (filling t) (t, 1)) (numbers 1 (u - 1)) ++
  (flat_map (fun t => many c (t, u)) (numbers u (K / c)) ++ many (K mod c) (horizon, u)) ++
  many m (horizon, 1).

(* The placed requests. *)
Definition placement : list placed := combine (map fst starts) family.
End Family.
