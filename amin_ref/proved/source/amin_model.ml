
(** val negb : bool -> bool **)

let negb = function
| true -> false
| false -> true

(** val fst : ('a1 * 'a2) -> 'a1 **)

let fst = function
| (x, _) -> x

(** val snd : ('a1 * 'a2) -> 'a2 **)

let snd = function
| (_, y) -> y

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

  (** val modulo :
      Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

  let modulo = Big_int_Z.(fun x y ->
  match sign_big_int y with
  | 0 -> x
  | 1 -> mod_big_int x y
  | _ -> add_big_int y (add_int_big_int 1 (mod_big_int (add_int_big_int (-1) x) y)))

  (** val eq_dec : Big_int_Z.big_int -> Big_int_Z.big_int -> bool **)

  let eq_dec = Big_int_Z.eq_big_int
 end

(** val hd : 'a1 -> 'a1 list -> 'a1 **)

let hd default = function
| [] -> default
| x :: _ -> x

(** val tl : 'a1 list -> 'a1 list **)

let tl = function
| [] -> []
| _ :: m -> m

(** val count_occ : ('a1 -> 'a1 -> bool) -> 'a1 list -> 'a1 -> int **)

let rec count_occ eq_dec0 l x =
  match l with
  | [] -> 0
  | y :: tl0 ->
    let n = count_occ eq_dec0 tl0 x in
    if eq_dec0 y x then Stdlib.Int.succ n else n

(** val map : ('a1 -> 'a2) -> 'a1 list -> 'a2 list **)

let rec map f = function
| [] -> []
| a :: t -> (f a) :: (map f t)

(** val fold_left : ('a1 -> 'a2 -> 'a1) -> 'a2 list -> 'a1 -> 'a1 **)

let rec fold_left f l a0 =
  match l with
  | [] -> a0
  | b :: t -> fold_left f t (f a0 b)

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
| x :: tl0 ->
  let (g, d) = partition f tl0 in if f x then ((x :: g), d) else (g, (x :: d))

(** val skipn : int -> 'a1 list -> 'a1 list **)

let rec skipn n l =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> l)
    (fun n0 -> match l with
               | [] -> []
               | _ :: l0 -> skipn n0 l0)
    n

(** val repeat : 'a1 -> int -> 'a1 list **)

let rec repeat x n =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> [])
    (fun k -> x :: (repeat x k))
    n

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

(** val outlook : 'a1 job -> Big_int_Z.big_int * Big_int_Z.big_int **)

let outlook j =
  ((remaining j), (Z.add (Z.add j.prompt j.generated) Big_int_Z.unit_big_int))

(** val will_occupy :
    Big_int_Z.big_int -> Big_int_Z.big_int ->
    (Big_int_Z.big_int * Big_int_Z.big_int) -> Big_int_Z.big_int **)

let will_occupy b k of_job =
  if Z.ltb k (fst of_job)
  then occ b (Z.add (snd of_job) k)
  else Big_int_Z.zero_big_int

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

(** val first_stop :
    (Big_int_Z.big_int * Big_int_Z.big_int) list -> 'a1 job ->
    Big_int_Z.big_int **)

let first_stop of_jobs j =
  fold_right (fun of_job -> Z.min (fst of_job)) (remaining j) of_jobs

(** val fits :
    Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> 'a1 job -> bool **)

let fits m b running0 j =
  let others = map outlook running0 in
  let fits_in = fun k ->
    Z.leb
      (Z.add (sum (will_occupy b k) others) (will_occupy b k (outlook j))) m
  in
  (&&) (fits_in (Z.sub (first_stop others j) Big_int_Z.unit_big_int))
    (all_below fits_in (Z.to_nat (remaining j)))

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
  let a = f i.tag in
  let b = f j.tag in (||) (Z.ltb a b) ((&&) (Z.eqb a b) (Z.leb i.rank j.rank))

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

(** val whole_blocks :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int **)

let whole_blocks b x =
  if Z.eqb (Z.modulo x b) Big_int_Z.zero_big_int
  then x
  else Z.add x (Z.sub b (Z.modulo x b))

(** val below : 'a1 job -> 'a1 job -> bool **)

let below i j =
  if Z.eqb i.assumed j.assumed
  then Z.ltb i.rank j.rank
  else Z.ltb i.assumed j.assumed

(** val will_hold :
    Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job -> Big_int_Z.big_int **)

let will_hold b k j =
  whole_blocks b
    (Z.add j.prompt (Z.add j.generated (Z.add k Big_int_Z.unit_big_int)))

(** val more_tokens : 'a1 job -> Big_int_Z.big_int **)

let more_tokens j =
  if Z.ltb j.generated j.assumed
  then Z.sub j.assumed j.generated
  else Big_int_Z.unit_big_int

(** val next_tokens :
    Big_int_Z.big_int -> 'a1 job list -> Big_int_Z.big_int **)

let next_tokens b r =
  sum (will_hold b Big_int_Z.zero_big_int) r

(** val as_assumed :
    Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list ->
    Big_int_Z.big_int **)

let as_assumed b k r =
  sum (will_hold b k) (filter (fun j -> Z.ltb k (more_tokens j)) r)

(** val learnt : 'a1 job -> 'a1 job **)

let learnt j =
  { tag = j.tag; prompt = j.prompt; assumed =
    (if Z.ltb j.assumed j.generated then j.generated else j.assumed); rank =
    j.rank; generated = j.generated }

(** val arrives : request -> request job **)

let arrives r =
  { tag = r; prompt = r.prompt_len; assumed = r.lower; rank = r.rank_of;
    generated = Big_int_Z.zero_big_int }

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

type share = { places : Big_int_Z.big_int; most : Big_int_Z.big_int;
               ignored : Big_int_Z.big_int; lead : Big_int_Z.big_int;
               share_prices : Big_int_Z.big_int list }

type stretch = { first_round : Big_int_Z.big_int;
                 token_prices : Big_int_Z.big_int list; shares : share list }

type restriction = { prices_of : Big_int_Z.big_int list;
                     limit : Big_int_Z.big_int;
                     weight : (request -> Big_int_Z.big_int ->
                              Big_int_Z.big_int) }

(** val rounds_of : stretch -> Big_int_Z.big_int **)

let rounds_of st =
  Z.of_nat (length st.token_prices)

(** val stop_of : stretch -> Big_int_Z.big_int **)

let stop_of st =
  Z.add st.first_round (rounds_of st)

(** val ahead : stretch -> share -> Big_int_Z.big_int **)

let ahead st f =
  Z.min f.lead (rounds_of st)

(** val overtime : stretch -> Big_int_Z.big_int **)

let overtime st =
  fold_right (fun f longest0 -> Z.max (ahead st f) longest0)
    Big_int_Z.zero_big_int st.shares

(** val inside : stretch -> request -> bool **)

let inside st r =
  (&&) (Z.leb st.first_round r.arrival) (Z.ltb r.arrival (stop_of st))

(** val counted :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> share ->
    request -> Big_int_Z.big_int -> Big_int_Z.big_int **)

let counted m b early0 f r k =
  if (&&) (Z.ltb (Z.opp early0) k) (Z.leb f.lead (Z.sub r.output_len k))
  then Z.max Big_int_Z.zero_big_int
         (Z.min f.most
           (Z.min (Z.sub (Z.add r.prompt_len k) f.ignored)
             (Z.sub (Z.mul f.places f.most)
               (Z.max Big_int_Z.zero_big_int
                 (Z.sub
                   (Z.sub (usable m b)
                     (occ b (Z.add r.prompt_len r.output_len)))
                   (Z.mul f.places (Z.add (Z.sub r.output_len k) f.ignored)))))))
  else Big_int_Z.zero_big_int

(** val restrictions :
    Big_int_Z.big_int -> Big_int_Z.big_int -> stretch -> restriction list **)

let restrictions m b st =
  { prices_of = st.token_prices; limit = (usable m b); weight = (fun r k ->
    occ_of b r (Z.sub k Big_int_Z.unit_big_int)) } :: (map (fun f ->
                                                        { prices_of =
                                                        f.share_prices;
                                                        limit =
                                                        (Z.mul f.places
                                                          f.most); weight =
                                                        (counted m b
                                                          (ahead st f) f) })
                                                        st.shares)

(** val limits_cost :
    Big_int_Z.big_int -> Big_int_Z.big_int -> stretch -> Big_int_Z.big_int **)

let limits_cost m b st =
  sum (fun r -> Z.mul r.limit (sum (fun c -> c) r.prices_of))
    (restrictions m b st)

(** val outside : stretch list -> request -> bool **)

let outside sts r =
  negb (existsb (fun st -> inside st r) sts)

(** val in_turn : Big_int_Z.big_int -> stretch list -> bool **)

let rec in_turn from = function
| [] -> true
| st :: later -> (&&) (Z.leb from st.first_round) (in_turn (stop_of st) later)

(** val share_ok : int -> share -> bool **)

let share_ok n f =
  (&&)
    ((&&)
      ((&&)
        ((&&)
          ((&&) (Z.leb Big_int_Z.unit_big_int f.places)
            (Z.leb Big_int_Z.unit_big_int f.most))
          (Z.leb Big_int_Z.zero_big_int f.ignored))
        (Z.leb Big_int_Z.zero_big_int f.lead))
      (forallb (Z.leb Big_int_Z.zero_big_int) f.share_prices))
    ((=) (length f.share_prices) n)

(** val stretch_ok : stretch -> bool **)

let stretch_ok st =
  (&&) (forallb (Z.leb Big_int_Z.zero_big_int) st.token_prices)
    (forallb (share_ok (length st.token_prices)) st.shares)

(** val well_formed : Big_int_Z.big_int -> stretch list -> bool **)

let well_formed d sts =
  (&&)
    ((&&) (Z.leb Big_int_Z.unit_big_int d)
      (in_turn Big_int_Z.zero_big_int sts)) (forallb stretch_ok sts)

(** val drop :
    Big_int_Z.big_int -> Big_int_Z.big_int list -> Big_int_Z.big_int list **)

let rec drop z0 l = match l with
| [] -> []
| _ :: later ->
  if Z.leb z0 Big_int_Z.zero_big_int
  then l
  else drop (Z.sub z0 Big_int_Z.unit_big_int) later

(** val to_the_end : Big_int_Z.big_int list -> Big_int_Z.big_int list **)

let rec to_the_end = function
| [] -> []
| x :: later ->
  let sums0 = to_the_end later in
  (Z.add x (hd Big_int_Z.zero_big_int sums0)) :: sums0

(** val upon :
    int -> Big_int_Z.big_int list -> Big_int_Z.big_int list ->
    Big_int_Z.big_int list -> Big_int_Z.big_int list **)

let rec upon n l m later =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> later)
    (fun n' ->
    match l with
    | [] -> later
    | x :: l' ->
      (Z.add x (hd Big_int_Z.zero_big_int m)) :: (upon n' l' (tl m) later))
    n

(** val strided :
    int -> int -> Big_int_Z.big_int list -> Big_int_Z.big_int list **)

let rec strided fuel step l =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> l)
    (fun fuel' ->
    match skipn step l with
    | [] -> l
    | z0 :: l0 ->
      let sums0 = strided fuel' step (z0 :: l0) in upon step l sums0 sums0)
    fuel

(** val plus_scaled :
    Big_int_Z.big_int -> Big_int_Z.big_int list -> Big_int_Z.big_int list ->
    Big_int_Z.big_int list **)

let rec plus_scaled c l costs = match costs with
| [] -> costs
| x :: costs' ->
  (match l with
   | [] -> costs
   | y :: l' -> (Z.add x (Z.mul c y)) :: (plus_scaled c l' costs'))

(** val smallest : Big_int_Z.big_int list -> Big_int_Z.big_int **)

let rec smallest = function
| [] -> Big_int_Z.zero_big_int
| x :: later ->
  (match later with
   | [] -> x
   | _ :: _ -> Z.min x (smallest later))

(** val listed :
    (Big_int_Z.big_int -> Big_int_Z.big_int) -> Big_int_Z.big_int -> int ->
    Big_int_Z.big_int list **)

let rec listed w k n =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> [])
    (fun n' -> (w k) :: (listed w (Z.add k Big_int_Z.unit_big_int) n'))
    n

(** val bends :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int ->
    Big_int_Z.big_int list -> (Big_int_Z.big_int * Big_int_Z.big_int) list **)

let rec bends k before0 here = function
| [] -> []
| next :: later ->
  let bend =
    Z.add
      (Z.sub next
        (Z.mul (Big_int_Z.mult_int_big_int 2 Big_int_Z.unit_big_int) here))
      before0
  in
  if Z.eqb bend Big_int_Z.zero_big_int
  then bends (Z.add k Big_int_Z.unit_big_int) here next later
  else (k, bend) :: (bends (Z.add k Big_int_Z.unit_big_int) here next later)

type ramp = { share_of : share; early : Big_int_Z.big_int;
              sums : Big_int_Z.big_int list }

type tables = { onwards : Big_int_Z.big_int list;
                rising : Big_int_Z.big_int list; ramps : ramp list }

(** val tables_of : Big_int_Z.big_int -> stretch -> tables **)

let tables_of b st =
  let prices = st.token_prices in
  let sums0 = to_the_end prices in
  let n = length prices in
  { onwards = sums0; rising =
  (strided n (Z.to_nat (Z.min b (Z.of_nat n))) sums0); ramps =
  (map (fun f ->
    let early0 = ahead st f in
    { share_of = f; early = early0; sums =
    (to_the_end
      (to_the_end
        (app (repeat Big_int_Z.zero_big_int (Z.to_nat early0)) f.share_prices))) })
    st.shares) }

(** val token_costs :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int ->
    Big_int_Z.big_int -> Big_int_Z.big_int -> int -> Big_int_Z.big_int list
    -> Big_int_Z.big_int list -> Big_int_Z.big_int list -> Big_int_Z.big_int
    list -> Big_int_Z.big_int list **)

let rec token_costs d b p q here n l1 l2 l3 l4 =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> [])
    (fun n' ->
    (Z.add here
      (Z.mul b
        (Z.sub
          (Z.sub
            (Z.add (Z.mul p (hd Big_int_Z.zero_big_int l1))
              (hd Big_int_Z.zero_big_int l2)) (hd Big_int_Z.zero_big_int l3))
          (Z.mul q (hd Big_int_Z.zero_big_int l4))))) :: (token_costs d b p q
                                                           (Z.add here d) n'
                                                           (tl l1) (tl l2)
                                                           (tl l3) (tl l4)))
    n

(** val share_bends :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> ramp ->
    request -> (Big_int_Z.big_int * Big_int_Z.big_int) list **)

let share_bends m b n r r0 =
  let f = r.share_of in
  let e = r.early in
  let last =
    Z.min n (Z.add (Z.sub r0.output_len f.lead) Big_int_Z.unit_big_int)
  in
  bends (Z.opp e) Big_int_Z.zero_big_int Big_int_Z.zero_big_int
    (listed (counted m b e f r0) (Z.sub Big_int_Z.unit_big_int e)
      (Z.to_nat (Z.add (Z.add last e) Big_int_Z.unit_big_int)))

(** val plus_share :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int ->
    Big_int_Z.big_int -> request -> ramp -> Big_int_Z.big_int list ->
    Big_int_Z.big_int list **)

let plus_share m b n waited r r0 costs =
  fold_right (fun b0 ->
    plus_scaled (snd b0)
      (drop (Z.add (Z.add waited (fst b0)) r0.early) r0.sums)) costs
    (share_bends m b n r0 r)

(** val brackets :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> tables ->
    stretch -> request -> Big_int_Z.big_int list **)

let brackets m b d t st r =
  let waited = Z.sub r.arrival st.first_round in
  let p = Z.div (Z.add r.prompt_len b) b in
  let q =
    Z.div
      (Z.sub (Z.add (Z.add r.prompt_len r.output_len) b)
        Big_int_Z.unit_big_int) b
  in
  let starts0 = Stdlib.Int.succ
    (Z.to_nat (Z.sub (Z.add (rounds_of st) (overtime st)) waited))
  in
  fold_right (plus_share m b (rounds_of st) waited r)
    (token_costs d b p q (Z.mul d r.output_len) starts0
      (drop waited t.onwards)
      (drop (Z.sub (Z.add waited (Z.mul p b)) r.prompt_len) t.rising)
      (drop (Z.sub (Z.add waited (Z.mul q b)) r.prompt_len) t.rising)
      (drop (Z.add waited r.output_len) t.onwards)) t.ramps

(** val one_kind : request -> request -> bool **)

let one_kind r q =
  (&&)
    ((&&) (Z.eqb r.prompt_len q.prompt_len) (Z.eqb r.output_len q.output_len))
    (Z.eqb r.arrival q.arrival)

(** val with_one_more :
    request -> (request * Big_int_Z.big_int) list ->
    (request * Big_int_Z.big_int) list **)

let rec with_one_more r = function
| [] -> (r, Big_int_Z.unit_big_int) :: []
| p :: later ->
  let (q, n) = p in
  if one_kind q r
  then (q, (Z.add n Big_int_Z.unit_big_int)) :: later
  else (q, n) :: (with_one_more r later)

(** val kinds : request list -> (request * Big_int_Z.big_int) list **)

let kinds requests =
  fold_left (fun l r -> with_one_more r l) requests []

(** val with_tables :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> request
    list -> stretch -> tables -> Big_int_Z.big_int **)

let with_tables m b d requests st t =
  sum (fun k -> Z.mul (snd k) (smallest (brackets m b d t st (fst k))))
    (kinds (filter (inside st) requests))

(** val stretch_value :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> request
    list -> stretch -> Big_int_Z.big_int **)

let stretch_value m b d requests st =
  Z.sub (with_tables m b d requests st (tables_of b st)) (limits_cost m b st)

(** val verify :
    Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> stretch
    list -> request list -> Big_int_Z.big_int option **)

let verify m b d sts requests =
  if well_formed d sts
  then Some
         (Z.opp
           (Z.div
             (Z.opp
               (Z.add
                 (Z.mul d
                   (sum (fun r -> r.output_len)
                     (filter (outside sts) requests)))
                 (sum (stretch_value m b d requests) sts))) d))
  else None

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

(** val level_or_before : request job -> request job -> bool **)

let level_or_before x y =
  Z.leb x.assumed y.assumed

(** val not_after : request job -> request job -> bool **)

let not_after x y =
  negb (below y x)

type verdict =
| Invalid
| Departs of Big_int_Z.big_int
| Conforms

(** val fits_now :
    Big_int_Z.big_int -> Big_int_Z.big_int -> request job list -> bool **)

let fits_now m b r =
  Z.leb (next_tokens b r) m

(** val longest : request job list -> Big_int_Z.big_int **)

let longest r =
  fold_right (fun j n -> Z.max (more_tokens j) n) Big_int_Z.zero_big_int r

(** val fits_always :
    Big_int_Z.big_int -> Big_int_Z.big_int -> request job list -> bool **)

let fits_always m b r =
  all_below (fun k -> Z.leb (as_assumed b k r) m) (Z.to_nat (longest r))

(** val evictions_ok :
    Big_int_Z.big_int -> Big_int_Z.big_int -> (request job -> request job ->
    bool) -> request job list -> request job list -> bool **)

let evictions_ok m b le e s =
  (&&) (fits_now m b s)
    (match e with
     | [] -> true
     | _ :: _ ->
       existsb (fun e0 ->
         (&&) ((&&) (forallb (fun y -> le y e0) e) (forallb (le e0) s))
           (negb (fits_now m b (e0 :: s)))) e)

(** val admissions_ok :
    Big_int_Z.big_int -> Big_int_Z.big_int -> (request job -> request job ->
    bool) -> request job list -> request job list -> request job list -> bool **)

let admissions_ok m b le s a l =
  (&&) (fits_always m b (app s a))
    (match l with
     | [] -> true
     | _ :: _ ->
       existsb (fun w ->
         (&&) ((&&) (forallb (le w) l) (forallb (fun y -> le y w) a))
           (negb (fits_always m b (app s (app a (w :: [])))))) l)

(** val ended_by : Big_int_Z.big_int -> run -> bool **)

let ended_by t x =
  (||) (Z.ltb x.stop t) ((&&) (Z.eqb x.stop t) x.completed)

(** val runs_at : Big_int_Z.big_int -> run -> bool **)

let runs_at t x =
  (&&) (Z.ltb x.start t) (negb (ended_by t x))

(** val learnt_from : run list -> request -> Big_int_Z.big_int **)

let learnt_from past r =
  fold_right (fun x m ->
    if (&&) (same x.of0 r) (negb x.completed)
    then Z.max (Z.sub x.stop x.start) m
    else m) r.lower past

(** val running_job : Big_int_Z.big_int -> run list -> run -> request job **)

let running_job t past x =
  { tag = x.of0; prompt = x.of0.prompt_len; assumed =
    (Z.max (learnt_from past x.of0)
      (Z.sub (Z.sub t x.start) Big_int_Z.unit_big_int)); rank =
    x.of0.rank_of; generated = (Z.sub t x.start) }

(** val waiting_job : run list -> request -> request job **)

let waiting_job past r =
  { tag = r; prompt = r.prompt_len; assumed = (learnt_from past r); rank =
    r.rank_of; generated = Big_int_Z.zero_big_int }

(** val waits :
    Big_int_Z.big_int -> request job list -> run list -> request -> bool **)

let waits t running0 past r =
  (&&)
    ((&&) (Z.ltb r.arrival t)
      (negb (existsb (fun j -> same j.tag r) running0)))
    (negb (existsb (fun x -> (&&) (same x.of0 r) x.completed) past))

(** val state_at : request list -> run list -> Big_int_Z.big_int -> state **)

let state_at requests l t =
  let past = filter (ended_by t) l in
  let running0 = map (running_job t past) (filter (runs_at t) l) in
  { now = t; running = running0; waiting =
  (map (waiting_job past) (filter (waits t running0 past) requests));
  coming = (filter (fun r -> Z.leb t r.arrival) requests); log = past }

(** val evicts : run list -> Big_int_Z.big_int -> request job -> bool **)

let evicts l t j =
  existsb (fun x ->
    (&&) ((&&) (same x.of0 j.tag) (Z.eqb x.stop t)) (negb x.completed)) l

(** val starts : run list -> Big_int_Z.big_int -> request job -> bool **)

let starts l t j =
  existsb (fun x -> (&&) (same x.of0 j.tag) (Z.eqb x.start t)) l

(** val after_2 : state -> request job list **)

let after_2 s =
  map learnt s.running

(** val queue_of : state -> request job list **)

let queue_of s =
  app s.waiting
    (map arrives (filter (fun r -> Z.eqb r.arrival s.now) s.coming))

(** val starters_wait :
    run list -> Big_int_Z.big_int -> request job list -> bool **)

let starters_wait l t w =
  forallb (fun x ->
    (||) (negb (Z.eqb x.start t)) (existsb (fun w0 -> same x.of0 w0.tag) w)) l

(** val round_ok :
    Big_int_Z.big_int -> Big_int_Z.big_int -> (request job -> request job ->
    bool) -> request list -> run list -> Big_int_Z.big_int -> bool **)

let round_ok m b le requests l t =
  let r = after_2 (state_at requests l t) in
  let w = queue_of (state_at requests l t) in
  let s = filter (fun j -> negb (evicts l t j)) r in
  (&&)
    ((&&) (starters_wait l t w)
      (evictions_ok m b le (filter (evicts l t) r) s))
    (admissions_ok m b le s (filter (starts l t) w)
      (filter (fun w0 -> negb (starts l t w0)) w))

(** val first_wrong :
    Big_int_Z.big_int -> Big_int_Z.big_int -> (request job -> request job ->
    bool) -> request list -> run list -> int -> Big_int_Z.big_int ->
    Big_int_Z.big_int option **)

let rec first_wrong m b le requests l n t =
  (fun fO fS n -> if n=0 then fO () else fS (n-1))
    (fun _ -> None)
    (fun m0 ->
    if round_ok m b le requests l t
    then first_wrong m b le requests l m0 (Z.add t Big_int_Z.unit_big_int)
    else Some t)
    n

(** val conform :
    Big_int_Z.big_int -> Big_int_Z.big_int -> (request job -> request job ->
    bool) -> request list -> run list -> verdict **)

let conform m b le requests l =
  if check m b requests l
  then (match first_wrong m b le requests l (Z.to_nat (last_stop l))
                Big_int_Z.zero_big_int with
        | Some t -> Departs t
        | None -> Conforms)
  else Invalid

(** val tokens_in : run list -> request -> Big_int_Z.big_int **)

let tokens_in runs r =
  sum (fun x -> Z.sub x.stop x.start)
    (filter (fun x -> Z.eqb x.of0.id r.id) runs)

(** val ends_kept :
    run list -> Big_int_Z.big_int -> bool -> request job -> run **)

let ends_kept past t how j =
  { of0 = j.tag; start =
    (Z.sub t (Z.sub j.generated (tokens_in past j.tag))); stop = t;
    completed = how }

(** val keeping_round : policy -> state -> state **)

let keeping_round p s =
  let (arrived, later) = partition (fun r -> Z.leb r.arrival s.now) s.coming
  in
  let queue = insert_all p.before (map (new_job p) arrived) s.waiting in
  let (p0, queue') = p.steps s.running queue in
  let (evicted, running') = p0 in
  let (finished, going) = partition has_all (map generate running') in
  { now = (Z.add s.now Big_int_Z.unit_big_int); running = going; waiting =
  (insert_all p.before evicted queue'); coming = later; log =
  (app
    (map (ends_kept s.log (Z.add s.now Big_int_Z.unit_big_int) true) finished)
    (app (map (ends_kept s.log s.now false) evicted) s.log)) }

(** val keeping_rounds : policy -> int -> state -> run list option **)

let rec keeping_rounds p fuel s =
  if is_done s
  then Some s.log
  else ((fun fO fS n -> if n=0 then fO () else fS (n-1))
          (fun _ -> None)
          (fun fuel' -> keeping_rounds p fuel' (keeping_round p s))
          fuel)

(** val simulate_keeping :
    policy -> int -> request list -> run list option **)

let simulate_keeping p fuel requests =
  keeping_rounds p fuel (begin0 requests)
