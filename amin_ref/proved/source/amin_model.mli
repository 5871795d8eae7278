
val negb : bool -> bool

val fst : ('a1 * 'a2) -> 'a1

val snd : ('a1 * 'a2) -> 'a2

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

  val modulo : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val eq_dec : Big_int_Z.big_int -> Big_int_Z.big_int -> bool
 end

val hd : 'a1 -> 'a1 list -> 'a1

val tl : 'a1 list -> 'a1 list

val count_occ : ('a1 -> 'a1 -> bool) -> 'a1 list -> 'a1 -> int

val map : ('a1 -> 'a2) -> 'a1 list -> 'a2 list

val fold_left : ('a1 -> 'a2 -> 'a1) -> 'a2 list -> 'a1 -> 'a1

val fold_right : ('a2 -> 'a1 -> 'a1) -> 'a1 -> 'a2 list -> 'a1

val existsb : ('a1 -> bool) -> 'a1 list -> bool

val forallb : ('a1 -> bool) -> 'a1 list -> bool

val filter : ('a1 -> bool) -> 'a1 list -> 'a1 list

val partition : ('a1 -> bool) -> 'a1 list -> 'a1 list * 'a1 list

val skipn : int -> 'a1 list -> 'a1 list

val repeat : 'a1 -> int -> 'a1 list

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

val outlook : 'a1 job -> Big_int_Z.big_int * Big_int_Z.big_int

val will_occupy :
  Big_int_Z.big_int -> Big_int_Z.big_int ->
  (Big_int_Z.big_int * Big_int_Z.big_int) -> Big_int_Z.big_int

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

val first_stop :
  (Big_int_Z.big_int * Big_int_Z.big_int) list -> 'a1 job -> Big_int_Z.big_int

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

val whole_blocks : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

val below : 'a1 job -> 'a1 job -> bool

val will_hold :
  Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job -> Big_int_Z.big_int

val more_tokens : 'a1 job -> Big_int_Z.big_int

val next_tokens : Big_int_Z.big_int -> 'a1 job list -> Big_int_Z.big_int

val as_assumed :
  Big_int_Z.big_int -> Big_int_Z.big_int -> 'a1 job list -> Big_int_Z.big_int

val learnt : 'a1 job -> 'a1 job

val arrives : request -> request job

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

type share = { places : Big_int_Z.big_int; most : Big_int_Z.big_int;
               ignored : Big_int_Z.big_int; lead : Big_int_Z.big_int;
               share_prices : Big_int_Z.big_int list }

type stretch = { first_round : Big_int_Z.big_int;
                 token_prices : Big_int_Z.big_int list; shares : share list }

type restriction = { prices_of : Big_int_Z.big_int list;
                     limit : Big_int_Z.big_int;
                     weight : (request -> Big_int_Z.big_int ->
                              Big_int_Z.big_int) }

val rounds_of : stretch -> Big_int_Z.big_int

val stop_of : stretch -> Big_int_Z.big_int

val ahead : stretch -> share -> Big_int_Z.big_int

val overtime : stretch -> Big_int_Z.big_int

val inside : stretch -> request -> bool

val counted :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> share ->
  request -> Big_int_Z.big_int -> Big_int_Z.big_int

val restrictions :
  Big_int_Z.big_int -> Big_int_Z.big_int -> stretch -> restriction list

val limits_cost :
  Big_int_Z.big_int -> Big_int_Z.big_int -> stretch -> Big_int_Z.big_int

val outside : stretch list -> request -> bool

val in_turn : Big_int_Z.big_int -> stretch list -> bool

val share_ok : int -> share -> bool

val stretch_ok : stretch -> bool

val well_formed : Big_int_Z.big_int -> stretch list -> bool

val drop :
  Big_int_Z.big_int -> Big_int_Z.big_int list -> Big_int_Z.big_int list

val to_the_end : Big_int_Z.big_int list -> Big_int_Z.big_int list

val upon :
  int -> Big_int_Z.big_int list -> Big_int_Z.big_int list ->
  Big_int_Z.big_int list -> Big_int_Z.big_int list

val strided : int -> int -> Big_int_Z.big_int list -> Big_int_Z.big_int list

val plus_scaled :
  Big_int_Z.big_int -> Big_int_Z.big_int list -> Big_int_Z.big_int list ->
  Big_int_Z.big_int list

val smallest : Big_int_Z.big_int list -> Big_int_Z.big_int

val listed :
  (Big_int_Z.big_int -> Big_int_Z.big_int) -> Big_int_Z.big_int -> int ->
  Big_int_Z.big_int list

val bends :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int ->
  Big_int_Z.big_int list -> (Big_int_Z.big_int * Big_int_Z.big_int) list

type ramp = { share_of : share; early : Big_int_Z.big_int;
              sums : Big_int_Z.big_int list }

type tables = { onwards : Big_int_Z.big_int list;
                rising : Big_int_Z.big_int list; ramps : ramp list }

val tables_of : Big_int_Z.big_int -> stretch -> tables

val token_costs :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int ->
  Big_int_Z.big_int -> Big_int_Z.big_int -> int -> Big_int_Z.big_int list ->
  Big_int_Z.big_int list -> Big_int_Z.big_int list -> Big_int_Z.big_int list
  -> Big_int_Z.big_int list

val share_bends :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> ramp ->
  request -> (Big_int_Z.big_int * Big_int_Z.big_int) list

val plus_share :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int ->
  Big_int_Z.big_int -> request -> ramp -> Big_int_Z.big_int list ->
  Big_int_Z.big_int list

val brackets :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> tables ->
  stretch -> request -> Big_int_Z.big_int list

val one_kind : request -> request -> bool

val with_one_more :
  request -> (request * Big_int_Z.big_int) list ->
  (request * Big_int_Z.big_int) list

val kinds : request list -> (request * Big_int_Z.big_int) list

val with_tables :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> request list
  -> stretch -> tables -> Big_int_Z.big_int

val stretch_value :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> request list
  -> stretch -> Big_int_Z.big_int

val verify :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> stretch list
  -> request list -> Big_int_Z.big_int option

val same : request -> request -> bool

val run_ok : request list -> run -> bool

val apart_ok : run -> run -> bool

val all_apart : run list -> bool

val equally_often : request list -> request list -> bool

val last_stop : run list -> Big_int_Z.big_int

val check :
  Big_int_Z.big_int -> Big_int_Z.big_int -> request list -> run list -> bool

val level_or_before : request job -> request job -> bool

val not_after : request job -> request job -> bool

type verdict =
| Invalid
| Departs of Big_int_Z.big_int
| Conforms

val fits_now :
  Big_int_Z.big_int -> Big_int_Z.big_int -> request job list -> bool

val longest : request job list -> Big_int_Z.big_int

val fits_always :
  Big_int_Z.big_int -> Big_int_Z.big_int -> request job list -> bool

val evictions_ok :
  Big_int_Z.big_int -> Big_int_Z.big_int -> (request job -> request job ->
  bool) -> request job list -> request job list -> bool

val admissions_ok :
  Big_int_Z.big_int -> Big_int_Z.big_int -> (request job -> request job ->
  bool) -> request job list -> request job list -> request job list -> bool

val ended_by : Big_int_Z.big_int -> run -> bool

val runs_at : Big_int_Z.big_int -> run -> bool

val learnt_from : run list -> request -> Big_int_Z.big_int

val running_job : Big_int_Z.big_int -> run list -> run -> request job

val waiting_job : run list -> request -> request job

val waits :
  Big_int_Z.big_int -> request job list -> run list -> request -> bool

val state_at : request list -> run list -> Big_int_Z.big_int -> state

val evicts : run list -> Big_int_Z.big_int -> request job -> bool

val starts : run list -> Big_int_Z.big_int -> request job -> bool

val after_2 : state -> request job list

val queue_of : state -> request job list

val starters_wait : run list -> Big_int_Z.big_int -> request job list -> bool

val round_ok :
  Big_int_Z.big_int -> Big_int_Z.big_int -> (request job -> request job ->
  bool) -> request list -> run list -> Big_int_Z.big_int -> bool

val first_wrong :
  Big_int_Z.big_int -> Big_int_Z.big_int -> (request job -> request job ->
  bool) -> request list -> run list -> int -> Big_int_Z.big_int ->
  Big_int_Z.big_int option

val conform :
  Big_int_Z.big_int -> Big_int_Z.big_int -> (request job -> request job ->
  bool) -> request list -> run list -> verdict

val tokens_in : run list -> request -> Big_int_Z.big_int

val ends_kept : run list -> Big_int_Z.big_int -> bool -> request job -> run

val keeping_round : policy -> state -> state

val keeping_rounds : policy -> int -> state -> run list option

val simulate_keeping : policy -> int -> request list -> run list option
