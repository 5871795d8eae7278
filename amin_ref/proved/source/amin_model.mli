
val negb : bool -> bool

val length : 'a1 list -> int

val app : 'a1 list -> 'a1 list -> 'a1 list

type comparison =
| Eq
| Lt
| Gt

val add : int -> int -> int

module Nat :
 sig
 end

module Pos :
 sig
  val succ : Big_int_Z.big_int -> Big_int_Z.big_int

  val add : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val add_carry : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val pred_double : Big_int_Z.big_int -> Big_int_Z.big_int

  val mul : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val compare_cont :
    comparison -> Big_int_Z.big_int -> Big_int_Z.big_int -> comparison

  val compare : Big_int_Z.big_int -> Big_int_Z.big_int -> comparison

  val eqb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool

  val iter_op : ('a1 -> 'a1 -> 'a1) -> Big_int_Z.big_int -> 'a1 -> 'a1

  val to_nat : Big_int_Z.big_int -> int

  val of_succ_nat : int -> Big_int_Z.big_int

  val eq_dec : Big_int_Z.big_int -> Big_int_Z.big_int -> bool
 end

module Z :
 sig
  val double : Big_int_Z.big_int -> Big_int_Z.big_int

  val succ_double : Big_int_Z.big_int -> Big_int_Z.big_int

  val pred_double : Big_int_Z.big_int -> Big_int_Z.big_int

  val pos_sub : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val add : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val opp : Big_int_Z.big_int -> Big_int_Z.big_int

  val sub : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val mul : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val compare : Big_int_Z.big_int -> Big_int_Z.big_int -> comparison

  val leb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool

  val ltb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool

  val eqb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool

  val max : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val min : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val to_nat : Big_int_Z.big_int -> int

  val of_nat : int -> Big_int_Z.big_int

  val pos_div_eucl :
    Big_int_Z.big_int -> Big_int_Z.big_int ->
    Big_int_Z.big_int * Big_int_Z.big_int

  val div_eucl :
    Big_int_Z.big_int -> Big_int_Z.big_int ->
    Big_int_Z.big_int * Big_int_Z.big_int

  val div : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val eq_dec : Big_int_Z.big_int -> Big_int_Z.big_int -> bool
 end

val count_occ : ('a1 -> 'a1 -> bool) -> 'a1 list -> 'a1 -> int

val map : ('a1 -> 'a2) -> 'a1 list -> 'a2 list

val fold_right : ('a2 -> 'a1 -> 'a1) -> 'a1 -> 'a2 list -> 'a1

val existsb : ('a1 -> bool) -> 'a1 list -> bool

val forallb : ('a1 -> bool) -> 'a1 list -> bool

val filter : ('a1 -> bool) -> 'a1 list -> 'a1 list

val partition : ('a1 -> bool) -> 'a1 list -> 'a1 list * 'a1 list

type request = { id : Big_int_Z.big_int; prompt_len : Big_int_Z.big_int;
                 output_len : Big_int_Z.big_int; lower : Big_int_Z.big_int;
                 upper : Big_int_Z.big_int option;
                 arrival : Big_int_Z.big_int; rank_of : Big_int_Z.big_int }

val sum : ('a1 -> Big_int_Z.big_int) -> 'a1 list -> Big_int_Z.big_int

val occ : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

type run = { of0 : request; start : Big_int_Z.big_int;
             stop : Big_int_Z.big_int; completed : bool }

val holds_in :
  Big_int_Z.big_int -> Big_int_Z.big_int -> run -> Big_int_Z.big_int

val occupancy :
  Big_int_Z.big_int -> run list -> Big_int_Z.big_int -> Big_int_Z.big_int

val total_latency : run list -> Big_int_Z.big_int

type 'x job = { tag : 'x; prompt : Big_int_Z.big_int;
                assumed : Big_int_Z.big_int; rank : Big_int_Z.big_int;
                generated : Big_int_Z.big_int }

type state = { now : Big_int_Z.big_int; running : request job list;
               waiting : request job list; coming : request list;
               log : run list }

val remaining : 'a1 job -> Big_int_Z.big_int

val part :
  Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job -> Big_int_Z.big_int

val plan :
  Big_int_Z.big_int -> 'a1 job list -> Big_int_Z.big_int -> Big_int_Z.big_int

val next_token : Big_int_Z.big_int -> 'a1 job -> Big_int_Z.big_int

val precedes : 'a1 job -> 'a1 job -> bool

val insert :
  ('a1 job -> 'a1 job -> bool) -> 'a1 job -> 'a1 job list -> 'a1 job list

val insert_all :
  ('a1 job -> 'a1 job -> bool) -> 'a1 job list -> 'a1 job list -> 'a1 job list

val refine : 'a1 job -> 'a1 job

val overflows : Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> bool

val evict :
  Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> 'a1 job
  list * 'a1 job list

val all_below : (Big_int_Z.big_int -> bool) -> int -> bool

val fits :
  Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> 'a1 job -> bool

val admit :
  Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> 'a1 job list ->
  'a1 job list * 'a1 job list

val amin_steps :
  Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> 'a1 job list ->
  ('a1 job list * 'a1 job list) * 'a1 job list

val reserving_steps :
  Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> 'a1 job list ->
  ('a1 job list * 'a1 job list) * 'a1 job list

val fcfs_steps :
  Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> 'a1 job list ->
  ('a1 job list * 'a1 job list) * 'a1 job list

val from_nothing : 'a1 job -> 'a1 job

val generate : 'a1 job -> 'a1 job

type policy = { assume : (request -> Big_int_Z.big_int);
                before : (request job -> request job -> bool);
                steps : (request job list -> request job list -> (request job
                        list * request job list) * request job list) }

val volume : Big_int_Z.big_int -> request -> int -> Big_int_Z.big_int

val by_number :
  (request -> Big_int_Z.big_int) -> request job -> request job -> bool

val pessimistic :
  Big_int_Z.big_int -> Big_int_Z.big_int -> request -> Big_int_Z.big_int

val amin : Big_int_Z.big_int -> Big_int_Z.big_int -> policy

val amax : Big_int_Z.big_int -> Big_int_Z.big_int -> policy

val h_sf : Big_int_Z.big_int -> Big_int_Z.big_int -> policy

val svf : Big_int_Z.big_int -> Big_int_Z.big_int -> policy

val fcfs : Big_int_Z.big_int -> Big_int_Z.big_int -> policy

val new_job : policy -> request -> request job

val ends : Big_int_Z.big_int -> bool -> request job -> run

val has_all : request job -> bool

val round : policy -> state -> state

val begin0 : request list -> state

val is_done : state -> bool

val rounds : policy -> int -> state -> run list option

val simulate : policy -> int -> request list -> run list option

val request_dec : request -> request -> bool

val occ_of :
  Big_int_Z.big_int -> request -> Big_int_Z.big_int -> Big_int_Z.big_int

val rent :
  Big_int_Z.big_int -> Big_int_Z.big_int list -> request -> Big_int_Z.big_int
  -> Big_int_Z.big_int

val pays :
  Big_int_Z.big_int -> Big_int_Z.big_int list -> Big_int_Z.big_int -> request
  -> Big_int_Z.big_int -> Big_int_Z.big_int

val least :
  (Big_int_Z.big_int -> Big_int_Z.big_int) -> Big_int_Z.big_int -> int ->
  Big_int_Z.big_int

val cheapest :
  Big_int_Z.big_int -> Big_int_Z.big_int list -> Big_int_Z.big_int -> request
  -> Big_int_Z.big_int

val bound :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int list ->
  Big_int_Z.big_int -> request list -> Big_int_Z.big_int

val usable : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

val same : request -> request -> bool

val run_ok : request list -> run -> bool

val apart_ok : run -> run -> bool

val all_apart : run list -> bool

val equally_often : request list -> request list -> bool

val last_stop : run list -> Big_int_Z.big_int

val check :
  Big_int_Z.big_int -> Big_int_Z.big_int -> request list -> run list -> bool
