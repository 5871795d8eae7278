(* The checker of certificates: sums of prices from each round to the end, made once for a stretch,
   then a fixed number of additions for each kind of requests and priced round. Definitions only;
   Telescope.v proves that it computes the bound of Formula.v. *)
From Coq Require Import ZArith List Bool.
From AminRef Require Import Records Certificate Formula.
Import ListNotations.
Open Scope Z_scope.

(* The list without its first z elements. *)
Fixpoint drop (z : Z) (l : list Z) : list Z :=
  match l with [] => [] | _ :: later => if z <=? 0 then l else drop (z - 1) later end.

(* The sum of each element and all after it. *)
Fixpoint to_the_end (l : list Z) : list Z :=
  match l with [] => [] | x :: later => let sums := to_the_end later in x + hd 0 sums :: sums end.

(* The first n elements of l, with those of m added, then `later`. *)
Fixpoint upon (n : nat) (l m later : list Z) : list Z :=
  match n, l with S n', x :: l' => x + hd 0 m :: upon n' l' (tl m) later | _, _ => later end.

(* The sum of each element and every step-th after it. *)
Fixpoint strided (fuel step : nat) (l : list Z) : list Z :=
  match fuel with
  | O => l
  | S fuel' => match skipn step l with
    | [] => l
    | rest => let sums := strided fuel' step rest in upon step l sums sums
    end
  end.

(* The costs, with c times the elements of l added. *)
Fixpoint plus_scaled (c : Z) (l costs : list Z) : list Z :=
  match costs, l with x :: costs', y :: l' => x + c * y :: plus_scaled c l' costs' | _,
    _ => costs end.

(* The least element; 0 if there is none. *)
Fixpoint smallest (l : list Z) : Z :=
  match l with [] => 0 | [x] => x | x :: later => Z.min x (smallest later) end.

(* w k, ..., w (k + n - 1) *)
Fixpoint listed (w : Z -> Z) (k : Z) (n : nat) : list Z :=
  match n with O => [] | S n' => w k :: listed w (k + 1) n' end.

(* The ages at which a function bends, from age k on, and its second differences there. *)
Fixpoint bends (k before here : Z) (l : list Z) : list (Z * Z) :=
  match l with
  | [] => []
  | next :: later => let bend := next - 2 * here + before in
    if bend =? 0 then bends (k + 1) here next later
    else (k, bend) :: bends (k + 1) here next later
  end.

(* A share's sums of sums of prices, `ahead` rounds earlier. *)
Record ramp := Ramp { share_of : share; early : Z; sums : list Z }.

(* The sums of a stretch: of prices, of every B-th of these, and of each share. *)
Record tables := Tables { onwards : list Z; rising : list Z; ramps : list ramp }.

(* These sums, made from the prices. *)
Definition tables_of (B : Z) (st : stretch) : tables :=
  let prices := token_prices st in
  let sums := to_the_end prices in
  let n := length prices in
  Tables sums (strided n (Z.to_nat (Z.min B (Z.of_nat n))) sums)
    (map (fun f => let early := ahead st f in Ramp f early
       (to_the_end (to_the_end (repeat 0 (Z.to_nat early) ++ share_prices f)))) (shares st)).

(* Delay and prices of tokens for n starts, one after the other; p and q are the blocks before and
   after, the four lists the sums from four rounds on. *)
Fixpoint token_costs (d B p q here : Z) (n : nat) (l1 l2 l3 l4 : list Z) : list Z :=
  match n with
  | O => []
  | S n' => here + B * (p * hd 0 l1 + hd 0 l2 - hd 0 l3 - q * hd 0 l4)
      :: token_costs d B p q (here + d) n' (tl l1) (tl l2) (tl l3) (tl l4)
  end.

Section Program.
Variables M B : Z.

(* Where and how what a share counts of r bends, within n priced rounds. *)
Definition share_bends (n : Z) (R : ramp) (r : request) : list (Z * Z) :=
  let f := share_of R in
  let e := early R in
  let last := Z.min n (output_len r - lead f + 1) in
  bends (- e) 0 0 (listed (counted M B e f r) (1 - e) (Z.to_nat (last + e + 1))).

(* The costs with the payments for one share, if the first start is `waited` rounds late. *)
Definition plus_share (n waited : Z) (r : request) (R : ramp) (costs : list Z) : list Z :=
  fold_right (fun b => plus_scaled (snd b) (drop (waited + fst b + early R) (sums R))) costs
    (share_bends n R r).

(* The brackets of r for all starts that are looked at. *)
Definition brackets (d : Z) (T : tables) (st : stretch) (r : request) : list Z :=
  let waited := arrival r - first_round st in
  let p := (prompt_len r + B) / B in
  let q := (prompt_len r + output_len r + B - 1) / B in
  let starts := S (Z.to_nat (rounds_of st + overtime st - waited)) in
  fold_right (plus_share (rounds_of st) waited r)
    (token_costs d B p q (d * output_len r) starts (drop waited (onwards T))
      (drop (waited + p * B - prompt_len r) (rising T))
      (drop (waited + q * B - prompt_len r) (rising T))
      (drop (waited + output_len r) (onwards T)))
    (ramps T).

(* Are two requests of one kind? *)
Definition one_kind (r q : request) : bool :=
  (prompt_len r =? prompt_len q) && (output_len r =? output_len q) && (arrival r =? arrival q).

(* The kinds with one more request. *)
Fixpoint with_one_more (r : request) (l : list (request * Z)) : list (request * Z) :=
  match l with
  | [] => [(r, 1)]
  | (q, n) :: later => if one_kind q r then (q, n + 1) :: later else (q, n) :: with_one_more r later
  end.

(* The kinds of requests, each with one request of it and their number. *)
Definition kinds (requests : list request) : list (request * Z) :=
  fold_left (fun l r => with_one_more r l) requests [].

(* What the kinds add up to, with the sums given. *)
Definition with_tables (d : Z) (requests : list request) (st : stretch) (T : tables) : Z :=
  sum (fun k => snd k * smallest (brackets d T st (fst k))) (kinds (filter (inside st) requests)).

(* One stretch. *)
Definition stretch_value (d : Z) (requests : list request) (st : stretch) : Z :=
  with_tables d requests st (tables_of B st) - limits_cost M B st.

(* The bound, rounded up; none if the certificate is not well formed. *)
Definition verify (d : Z) (sts : list stretch) (requests : list request) : option Z :=
  if well_formed d sts then
    Some (- ((- (d * sum output_len (filter (outside sts) requests)
                 + sum (stretch_value d requests) sts)) / d))
  else None.
End Program.
