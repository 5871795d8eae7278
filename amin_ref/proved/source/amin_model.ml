
(** val negb : bool -> bool **)

let negb = function
| true -> false
| false -> true

(** val length : 'a1 list -> int **)

let rec length = function
| [] -> 0
| _ :: l' -> Stdlib.Int.succ (length l')

(** val app : 'a1 list -> 'a1 list -> 'a1 list **)

let rec app l m =
  match l with
  | [] -> m
  | a :: l1 -> a :: (app l1 m)

type comparison =
| Eq
| Lt
| Gt

module Coq__1 = struct
 (** val add : int -> int -> int **)let rec add = (+)
end
include Coq__1

module Nat =
 struct
 end

module Pos =
 struct
  (** val succ : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let rec succ = Big_int_Z.succ_big_int

  (** val add :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let rec add = Big_int_Z.add_big_int

  (** val add_carry :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  and add_carry x y =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q ->
        (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
        (add_carry p q))
        (fun q -> Big_int_Z.mult_int_big_int 2 (add_carry p q))
        (fun _ ->
        (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
        (succ p))
        y)
      (fun p ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q -> Big_int_Z.mult_int_big_int 2 (add_carry p q))
        (fun q ->
        (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
        (add p q))
        (fun _ -> Big_int_Z.mult_int_big_int 2 (succ p))
        y)
      (fun _ ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q ->
        (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
        (succ q))
        (fun q -> Big_int_Z.mult_int_big_int 2 (succ q))
        (fun _ ->
        (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
        Big_int_Z.unit_big_int)
        y)
      x

  (** val pred_double : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let rec pred_double x =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p ->
      (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
      (Big_int_Z.mult_int_big_int 2 p))
      (fun p ->
      (fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
      (pred_double p))
      (fun _ -> Big_int_Z.unit_big_int)
      x

  (** val mul :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let rec mul = Big_int_Z.mult_big_int

  (** val compare_cont :
      comparison -> Big_int_Z.big_int -> Big_int_Z.big_int -> comparison **)

  let rec compare_cont = (fun c x y -> let s = Big_int_Z.compare_big_int x y in
  if s = 0 then c else if s < 0 then Lt else Gt)

  (** val compare : Big_int_Z.big_int -> Big_int_Z.big_int -> comparison **)

  let compare = (fun x y -> let s = Big_int_Z.compare_big_int x y in
  if s = 0 then Eq else if s < 0 then Lt else Gt)

  (** val eqb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool **)

  let rec eqb p q =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p0 ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q0 -> eqb p0 q0)
        (fun _ -> false)
        (fun _ -> false)
        q)
      (fun p0 ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun _ -> false)
        (fun q0 -> eqb p0 q0)
        (fun _ -> false)
        q)
      (fun _ ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun _ -> false)
        (fun _ -> false)
        (fun _ -> true)
        q)
      p

  (** val iter_op : ('a1 -> 'a1 -> 'a1) -> Big_int_Z.big_int -> 'a1 -> 'a1 **)

  let rec iter_op op p a =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p0 -> op a (iter_op op p0 (op a a)))
      (fun p0 -> iter_op op p0 (op a a))
      (fun _ -> a)
      p

  (** val to_nat : Big_int_Z.big_int -> int **)

  let to_nat x =
    iter_op Coq__1.add x (Stdlib.Int.succ 0)

  (** val of_succ_nat : int -> Big_int_Z.big_int **)

  let rec of_succ_nat n =
    (fun fO fS n -> if n=0 then fO () else fS (n-1))
      (fun _ -> Big_int_Z.unit_big_int)
      (fun x -> succ (of_succ_nat x))
      n

  (** val eq_dec : Big_int_Z.big_int -> Big_int_Z.big_int -> bool **)

  let rec eq_dec p x0 =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p0 ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun p1 -> eq_dec p0 p1)
        (fun _ -> false)
        (fun _ -> false)
        x0)
      (fun p0 ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun _ -> false)
        (fun p1 -> eq_dec p0 p1)
        (fun _ -> false)
        x0)
      (fun _ ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun _ -> false)
        (fun _ -> false)
        (fun _ -> true)
        x0)
      p
 end

module Z =
 struct
  (** val double : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let double x =
    (fun fO fp fn z -> let s = Big_int_Z.sign_big_int z in
  if s = 0 then fO () else if s > 0 then fp z
  else fn (Big_int_Z.minus_big_int z))
      (fun _ -> Big_int_Z.zero_big_int)
      (fun p -> (Big_int_Z.mult_int_big_int 2 p))
      (fun p -> Big_int_Z.minus_big_int (Big_int_Z.mult_int_big_int 2 p))
      x

  (** val succ_double : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let succ_double x =
    (fun fO fp fn z -> let s = Big_int_Z.sign_big_int z in
  if s = 0 then fO () else if s > 0 then fp z
  else fn (Big_int_Z.minus_big_int z))
      (fun _ -> Big_int_Z.unit_big_int)
      (fun p ->
      ((fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x))
      p))
      (fun p -> Big_int_Z.minus_big_int (Pos.pred_double p))
      x

  (** val pred_double : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let pred_double x =
    (fun fO fp fn z -> let s = Big_int_Z.sign_big_int z in
  if s = 0 then fO () else if s > 0 then fp z
  else fn (Big_int_Z.minus_big_int z))
      (fun _ -> Big_int_Z.minus_big_int Big_int_Z.unit_big_int)
      (fun p -> (Pos.pred_double p))
      (fun p -> Big_int_Z.minus_big_int
      ((fun x -> Big_int_Z.succ_big_int (Big_int_Z.mult_int_big_int 2 x)) p))
      x

  (** val pos_sub :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let rec pos_sub x y =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun p ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q -> double (pos_sub p q))
        (fun q -> succ_double (pos_sub p q))
        (fun _ -> (Big_int_Z.mult_int_big_int 2 p))
        y)
      (fun p ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q -> pred_double (pos_sub p q))
        (fun q -> double (pos_sub p q))
        (fun _ -> (Pos.pred_double p))
        y)
      (fun _ ->
      (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
        (fun q -> Big_int_Z.minus_big_int (Big_int_Z.mult_int_big_int 2
        q))
        (fun q -> Big_int_Z.minus_big_int (Pos.pred_double q))
        (fun _ -> Big_int_Z.zero_big_int)
        y)
      x

  (** val add :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let add = Big_int_Z.add_big_int

  (** val opp : Big_int_Z.big_int -> Big_int_Z.big_int **)

  let opp = Big_int_Z.minus_big_int

  (** val sub :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let sub = Big_int_Z.sub_big_int

  (** val mul :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let mul = Big_int_Z.mult_big_int

  (** val compare : Big_int_Z.big_int -> Big_int_Z.big_int -> comparison **)

  let compare = (fun x y -> let s = Big_int_Z.compare_big_int x y in
  if s = 0 then Eq else if s < 0 then Lt else Gt)

  (** val leb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool **)

  let leb x y =
    match compare x y with
    | Gt -> false
    | _ -> true

  (** val ltb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool **)

  let ltb x y =
    match compare x y with
    | Lt -> true
    | _ -> false

  (** val eqb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool **)

  let eqb = Big_int_Z.eq_big_int

  (** val max :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let max = Big_int_Z.max_big_int

  (** val min :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let min = Big_int_Z.min_big_int

  (** val to_nat : Big_int_Z.big_int -> int **)

  let to_nat = (fun z -> Stdlib.max 0 (Big_int_Z.int_of_big_int z))

  (** val of_nat : int -> Big_int_Z.big_int **)

  let of_nat = Big_int_Z.big_int_of_int

  (** val pos_div_eucl :
      Big_int_Z.big_int -> Big_int_Z.big_int ->
      Big_int_Z.big_int * Big_int_Z.big_int **)

  let rec pos_div_eucl a b =
    (fun f2p1 f2p f1 p ->
  if Big_int_Z.le_big_int p Big_int_Z.unit_big_int then f1 () else
  let (q,r) = Big_int_Z.quomod_big_int p (Big_int_Z.big_int_of_int 2) in
  if Big_int_Z.eq_big_int r Big_int_Z.zero_big_int then f2p q else f2p1 q)
      (fun a' ->
      let (q, r) = pos_div_eucl a' b in
      let r' =
        add (mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) r)
          Big_int_Z.unit_big_int
      in
      if ltb r' b
      then ((mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) q), r')
      else ((add
              (mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) q)
              Big_int_Z.unit_big_int), (sub r' b)))
      (fun a' ->
      let (q, r) = pos_div_eucl a' b in
      let r' = mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) r in
      if ltb r' b
      then ((mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) q), r')
      else ((add
              (mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) q)
              Big_int_Z.unit_big_int), (sub r' b)))
      (fun _ ->
      if leb (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) b
      then (Big_int_Z.zero_big_int, Big_int_Z.unit_big_int)
      else (Big_int_Z.unit_big_int, Big_int_Z.zero_big_int))
      a

  (** val div_eucl :
      Big_int_Z.big_int -> Big_int_Z.big_int ->
      Big_int_Z.big_int * Big_int_Z.big_int **)

  let div_eucl = Big_int_Z.(fun x y ->
  match sign_big_int y with
  | 0 -> (zero_big_int, x)
  | 1 -> quomod_big_int x y
  | _ -> let (q, r) = quomod_big_int (add_int_big_int (-1) x) y in
          (add_int_big_int (-1) q, add_big_int (add_int_big_int 1 y) r))

  (** val div :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let div = Big_int_Z.(fun x y ->
  match sign_big_int y with
  | 0 -> zero_big_int
  | 1 -> div_big_int x y
  | _ -> add_int_big_int (-1) (div_big_int (add_int_big_int (-1) x) y))

  (** val eq_dec : Big_int_Z.big_int -> Big_int_Z.big_int -> bool **)

  let eq_dec = Big_int_Z.eq_big_int
 end

(** val count_occ : ('a1 -> 'a1 -> bool) -> 'a1 list -> 'a1 -> int **)

let rec count_occ eq_dec0 l x =
  match l with
  | [] -> 0
  | y :: tl ->
    let n = count_occ eq_dec0 tl x in
    if eq_dec0 y x then Stdlib.Int.succ n else n

(** val map : ('a1 -> 'a2) -> 'a1 list -> 'a2 list **)

let rec map f = function
| [] -> []
| a :: t -> (f a) :: (map f t)

(** val fold_right : ('a2 -> 'a1 -> 'a1) -> 'a1 -> 'a2 list -> 'a1 **)

let rec fold_right f a0 = function
| [] -> a0
| b :: t -> f b (fold_right f a0 t)

(** val existsb : ('a1 -> bool) -> 'a1 list -> bool **)

let rec existsb f = function
| [] -> false
| a :: l0 -> (||) (f a) (existsb f l0)

(** val forallb : ('a1 -> bool) -> 'a1 list -> bool **)

let rec forallb f = function
| [] -> true
| a :: l0 -> (&&) (f a) (forallb f l0)

(** val filter : ('a1 -> bool) -> 'a1 list -> 'a1 list **)

let rec filter f = function
| [] -> []
| x :: l0 -> if f x then x :: (filter f l0) else filter f l0

(** val partition : ('a1 -> bool) -> 'a1 list -> 'a1 list * 'a1 list **)

let rec partition f = function
| [] -> ([], [])
| x :: tl ->
  let (g, d) = partition f tl in if f x then ((x :: g), d) else (g, (x :: d))

type request = { id : Big_int_Z.big_int; prompt_len : Big_int_Z.big_int;
                 output_len : Big_int_Z.big_int; lower : Big_int_Z.big_int;
                 upper : Big_int_Z.big_int option;
                 arrival : Big_int_Z.big_int; rank_of : Big_int_Z.big_int }

(** val sum : ('a1 -> Big_int_Z.big_int) -> 'a1 list -> Big_int_Z.big_int **)

let rec sum f = function
| [] -> Big_int_Z.zero_big_int
| x :: l' -> Z.add (f x) (sum f l')

(** val occ : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

let occ b x =
  Z.mul b (Z.div (Z.sub (Z.add x b) Big_int_Z.unit_big_int) b)

type run = { of0 : request; start : Big_int_Z.big_int;
             stop : Big_int_Z.big_int; completed : bool }

(** val holds_in :
    Big_int_Z.big_int -> Big_int_Z.big_int -> run -> Big_int_Z.big_int **)

let holds_in b t x =
  if (&&) (Z.leb x.start t) (Z.ltb t x.stop)
  then occ b
         (Z.add (Z.add x.of0.prompt_len (Z.sub t x.start))
           Big_int_Z.unit_big_int)
  else Big_int_Z.zero_big_int

(** val occupancy :
    Big_int_Z.big_int -> run list -> Big_int_Z.big_int -> Big_int_Z.big_int **)

let occupancy b s t =
  sum (holds_in b t) s

(** val total_latency : run list -> Big_int_Z.big_int **)

let total_latency s =
  sum (fun x -> Z.sub x.stop x.of0.arrival) (filter (fun r -> r.completed) s)

type 'x job = { tag : 'x; prompt : Big_int_Z.big_int;
                assumed : Big_int_Z.big_int; rank : Big_int_Z.big_int;
                generated : Big_int_Z.big_int }

type state = { now : Big_int_Z.big_int; running : request job list;
               waiting : request job list; coming : request list;
               log : run list }

(** val remaining : 'a1 job -> Big_int_Z.big_int **)

let remaining j =
  Z.max Big_int_Z.unit_big_int (Z.sub j.assumed j.generated)

(** val part :
    Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job -> Big_int_Z.big_int **)

let part b k j =
  if Z.ltb k (remaining j)
  then occ b
         (Z.add (Z.add (Z.add j.prompt j.generated) k) Big_int_Z.unit_big_int)
  else Big_int_Z.zero_big_int

(** val plan :
    Big_int_Z.big_int -> 'a1 job list -> Big_int_Z.big_int ->
    Big_int_Z.big_int **)

let plan b running0 k =
  sum (part b k) running0

(** val next_token : Big_int_Z.big_int -> 'a1 job -> Big_int_Z.big_int **)

let next_token b j =
  occ b (Z.add (Z.add j.prompt j.generated) Big_int_Z.unit_big_int)

(** val precedes : 'a1 job -> 'a1 job -> bool **)

let precedes i j =
  (||) (Z.ltb i.assumed j.assumed)
    ((&&) (Z.eqb i.assumed j.assumed) (Z.leb i.rank j.rank))

(** val insert :
    ('a1 job -> 'a1 job -> bool) -> 'a1 job -> 'a1 job list -> 'a1 job list **)

let rec insert before0 j l = match l with
| [] -> j :: []
| i :: later -> if before0 j i then j :: l else i :: (insert before0 j later)

(** val insert_all :
    ('a1 job -> 'a1 job -> bool) -> 'a1 job list -> 'a1 job list -> 'a1 job
    list **)

let insert_all before0 jobs l =
  fold_right (insert before0) l jobs

(** val refine : 'a1 job -> 'a1 job **)

let refine j =
  { tag = j.tag; prompt = j.prompt; assumed = (Z.max j.assumed j.generated);
    rank = j.rank; generated = j.generated }

(** val overflows :
    Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> bool **)

let overflows m b running0 =
  Z.ltb m (sum (next_token b) running0)

(** val evict :
    Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> 'a1 job
    list * 'a1 job list **)

let rec evict m b running0 = match running0 with
| [] -> ([], [])
| j :: others ->
  if overflows m b running0
  then let (evicted, stay) = evict m b others in ((j :: evicted), stay)
  else ([], running0)

(** val all_below : (Big_int_Z.big_int -> bool) -> int -> bool **)

let rec all_below p n =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> true)
    (fun m -> (&&) (p (Z.of_nat m)) (all_below p m))
    n

(** val fits :
    Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> 'a1 job -> bool **)

let fits m b running0 j =
  all_below (fun k -> Z.leb (Z.add (plan b running0 k) (part b k j)) m)
    (Z.to_nat (remaining j))

(** val admit :
    Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> 'a1 job list ->
    'a1 job list * 'a1 job list **)

let rec admit m b running0 queue = match queue with
| [] -> (running0, [])
| j :: later ->
  if fits m b running0 j
  then admit m b (j :: running0) later
  else (running0, queue)

(** val amin_steps :
    Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> 'a1 job list ->
    ('a1 job list * 'a1 job list) * 'a1 job list **)

let amin_steps m b running0 queue =
  let (evicted, stay) =
    evict m b (insert_all precedes (map refine running0) [])
  in
  let (running', queue') = admit m b stay queue in
  ((evicted, running'), queue')

(** val reserving_steps :
    Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> 'a1 job list ->
    ('a1 job list * 'a1 job list) * 'a1 job list **)

let reserving_steps m b running0 queue =
  let (running', queue') = admit m b running0 queue in
  (([], running'), queue')

(** val fcfs_steps :
    Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> 'a1 job list ->
    ('a1 job list * 'a1 job list) * 'a1 job list **)

let fcfs_steps m b running0 queue =
  let (evicted, stay) = evict m b running0 in
  (match evicted with
   | [] -> reserving_steps m b stay queue
   | _ :: _ -> ((evicted, stay), queue))

(** val from_nothing : 'a1 job -> 'a1 job **)

let from_nothing j =
  { tag = j.tag; prompt = j.prompt; assumed = j.assumed; rank = j.rank;
    generated = Big_int_Z.zero_big_int }

(** val generate : 'a1 job -> 'a1 job **)

let generate j =
  { tag = j.tag; prompt = j.prompt; assumed = j.assumed; rank = j.rank;
    generated = (Z.add j.generated Big_int_Z.unit_big_int) }

type policy = { assume : (request -> Big_int_Z.big_int);
                before : (request job -> request job -> bool);
                steps : (request job list -> request job list -> (request job
                        list * request job list) * request job list) }

(** val volume : Big_int_Z.big_int -> request -> int -> Big_int_Z.big_int **)

let rec volume b r tokens =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> Big_int_Z.zero_big_int)
    (fun n ->
    Z.add (occ b (Z.add r.prompt_len (Z.of_nat tokens))) (volume b r n))
    tokens

(** val by_number :
    (request -> Big_int_Z.big_int) -> request job -> request job -> bool **)

let by_number f i j =
  (||) (Z.ltb (f i.tag) (f j.tag))
    ((&&) (Z.eqb (f i.tag) (f j.tag)) (Z.leb i.rank j.rank))

(** val pessimistic :
    Big_int_Z.big_int -> Big_int_Z.big_int -> request -> Big_int_Z.big_int **)

let pessimistic m b r =
  let room = Z.sub (Z.mul b (Z.div m b)) r.prompt_len in
  (match r.upper with
   | Some u -> Z.min u room
   | None -> room)

(** val amin : Big_int_Z.big_int -> Big_int_Z.big_int -> policy **)

let amin m b =
  { assume = (fun r -> r.lower); before = precedes; steps = (amin_steps m b) }

(** val amax : Big_int_Z.big_int -> Big_int_Z.big_int -> policy **)

let amax m b =
  { assume = (pessimistic m b); before = precedes; steps =
    (reserving_steps m b) }

(** val h_sf : Big_int_Z.big_int -> Big_int_Z.big_int -> policy **)

let h_sf m b =
  { assume = (fun r -> r.output_len); before = precedes; steps =
    (reserving_steps m b) }

(** val svf : Big_int_Z.big_int -> Big_int_Z.big_int -> policy **)

let svf m b =
  { assume = (fun r -> r.output_len); before =
    (by_number (fun r -> volume b r (Z.to_nat r.output_len))); steps =
    (reserving_steps m b) }

(** val fcfs : Big_int_Z.big_int -> Big_int_Z.big_int -> policy **)

let fcfs m b =
  { assume = (fun _ -> Big_int_Z.unit_big_int); before =
    (by_number (fun r -> r.arrival)); steps = (fcfs_steps m b) }

(** val new_job : policy -> request -> request job **)

let new_job p r =
  { tag = r; prompt = r.prompt_len; assumed = (p.assume r); rank = r.rank_of;
    generated = Big_int_Z.zero_big_int }

(** val ends : Big_int_Z.big_int -> bool -> request job -> run **)

let ends t how j =
  { of0 = j.tag; start = (Z.sub t j.generated); stop = t; completed = how }

(** val has_all : request job -> bool **)

let has_all j =
  Z.eqb j.generated j.tag.output_len

(** val round : policy -> state -> state **)

let round p s =
  let (arrived, later) = partition (fun r -> Z.leb r.arrival s.now) s.coming
  in
  let queue = insert_all p.before (map (new_job p) arrived) s.waiting in
  let (p0, queue') = p.steps s.running queue in
  let (evicted, running') = p0 in
  let (finished, going) = partition has_all (map generate running') in
  { now = (Z.add s.now Big_int_Z.unit_big_int); running = going; waiting =
  (insert_all p.before (map from_nothing evicted) queue'); coming = later;
  log =
  (app (map (ends (Z.add s.now Big_int_Z.unit_big_int) true) finished)
    (app (map (ends s.now false) evicted) s.log)) }

(** val begin0 : request list -> state **)

let begin0 requests =
  { now = Big_int_Z.zero_big_int; running = []; waiting = []; coming =
    requests; log = [] }

(** val is_done : state -> bool **)

let is_done s =
  match s.running with
  | [] ->
    (match s.waiting with
     | [] -> (match s.coming with
              | [] -> true
              | _ :: _ -> false)
     | _ :: _ -> false)
  | _ :: _ -> false

(** val rounds : policy -> int -> state -> run list option **)

let rec rounds p fuel s =
  if is_done s
  then Some s.log
  else ((fun fO fS n -> if n=0 then fO () else fS (n-1))
          (fun _ -> None)
          (fun fuel' -> rounds p fuel' (round p s))
          fuel)

(** val simulate : policy -> int -> request list -> run list option **)

let simulate p fuel requests =
  rounds p fuel (begin0 requests)

(** val request_dec : request -> request -> bool **)

let request_dec a b =
  let { id = id0; prompt_len = prompt_len0; output_len = output_len0; lower =
    lower0; upper = upper0; arrival = arrival0; rank_of = rank_of0 } = a
  in
  let { id = id1; prompt_len = prompt_len1; output_len = output_len1; lower =
    lower1; upper = upper1; arrival = arrival1; rank_of = rank_of1 } = b
  in
  if Z.eq_dec id0 id1
  then if Z.eq_dec prompt_len0 prompt_len1
       then if Z.eq_dec output_len0 output_len1
            then if Z.eq_dec lower0 lower1
                 then if match upper0 with
                         | Some a0 ->
                           (match upper1 with
                            | Some a1 -> Z.eq_dec a0 a1
                            | None -> false)
                         | None ->
                           (match upper1 with
                            | Some _ -> false
                            | None -> true)
                      then if Z.eq_dec arrival0 arrival1
                           then Z.eq_dec rank_of0 rank_of1
                           else false
                      else false
                 else false
            else false
       else false
  else false

(** val occ_of :
    Big_int_Z.big_int -> request -> Big_int_Z.big_int -> Big_int_Z.big_int **)

let occ_of b r k =
  if (&&) (Z.leb Big_int_Z.zero_big_int k) (Z.ltb k r.output_len)
  then occ b (Z.add (Z.add r.prompt_len k) Big_int_Z.unit_big_int)
  else Big_int_Z.zero_big_int

(** val rent :
    Big_int_Z.big_int -> Big_int_Z.big_int list -> request ->
    Big_int_Z.big_int -> Big_int_Z.big_int **)

let rec rent b prices r k =
  match prices with
  | [] -> Big_int_Z.zero_big_int
  | c :: later ->
    Z.add (Z.mul c (occ_of b r k))
      (rent b later r (Z.add k Big_int_Z.unit_big_int))

(** val pays :
    Big_int_Z.big_int -> Big_int_Z.big_int list -> Big_int_Z.big_int ->
    request -> Big_int_Z.big_int -> Big_int_Z.big_int **)

let pays b prices d r t =
  Z.add (Z.mul d (Z.sub (Z.add t r.output_len) r.arrival))
    (rent b prices r (Z.opp t))

(** val least :
    (Big_int_Z.big_int -> Big_int_Z.big_int) -> Big_int_Z.big_int -> int ->
    Big_int_Z.big_int **)

let rec least f from more =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> f from)
    (fun n ->
    Z.min (f from) (least f (Z.add from Big_int_Z.unit_big_int) n))
    more

(** val cheapest :
    Big_int_Z.big_int -> Big_int_Z.big_int list -> Big_int_Z.big_int ->
    request -> Big_int_Z.big_int **)

let cheapest b prices d r =
  least (pays b prices d r) r.arrival
    (Z.to_nat (Z.sub (Z.of_nat (length prices)) r.arrival))

(** val bound :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int list ->
    Big_int_Z.big_int -> request list -> Big_int_Z.big_int **)

let bound m b prices d requests =
  Z.sub (sum (cheapest b prices d) requests)
    (Z.mul m (sum (fun c -> c) prices))

(** val usable :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

let usable m b =
  Z.mul b (Z.div m b)

(** val same : request -> request -> bool **)

let same a b =
  if request_dec a b then true else false

(** val run_ok : request list -> run -> bool **)

let run_ok requests x =
  (&&) (Z.leb x.of0.arrival x.start)
    (if x.completed
     then Z.eqb (Z.sub x.stop x.start) x.of0.output_len
     else (&&)
            ((&&) (existsb (same x.of0) requests)
              (Z.leb Big_int_Z.unit_big_int (Z.sub x.stop x.start)))
            (Z.ltb (Z.sub x.stop x.start) x.of0.output_len))

(** val apart_ok : run -> run -> bool **)

let apart_ok x y =
  (||) ((||) (negb (Z.eqb x.of0.id y.of0.id)) (Z.leb x.stop y.start))
    (Z.leb y.stop x.start)

(** val all_apart : run list -> bool **)

let rec all_apart = function
| [] -> true
| x :: others -> (&&) (forallb (apart_ok x) others) (all_apart others)

(** val equally_often : request list -> request list -> bool **)

let equally_often l m =
  forallb (fun r ->
    (=) (count_occ request_dec l r) (count_occ request_dec m r)) (app l m)

(** val last_stop : run list -> Big_int_Z.big_int **)

let last_stop s =
  fold_right (fun x t -> Z.max x.stop t) Big_int_Z.zero_big_int s

(** val check :
    Big_int_Z.big_int -> Big_int_Z.big_int -> request list -> run list -> bool **)

let check m b requests s =
  (&&)
    ((&&)
      ((&&) (forallb (run_ok requests) s)
        (equally_often
          (map (fun r -> r.of0) (filter (fun r -> r.completed) s)) requests))
      (all_apart s))
    (all_below (fun t -> Z.leb (occupancy b s t) m) (Z.to_nat (last_stop s)))
