(* Reads commands on standard input and answers each on standard output: parsing and printing only.
   Words are separated by white space. An instance is: M B n, then n times s o l u r rank, where u may
   be "-" (unknown). Its requests have the ids 0, 1, ...

   S policy instance              the runs of amin, amax, h-sf, svf or fcfs: their number and the
                                  total latency, then a line "id start stop completed" for each
   R policy instance              the same where evicted requests keep their tokens
   K instance n runs              "valid" or "invalid"; a run is: id start stop completed
   C d T c_0 ... c_(T-1) instance d times the bound of section 5 for the prices c_t / d,
                                 with the capacity in whole blocks
   F ties instance n runs         "conforms", "invalid", or "departs" and the first wrong round, for
                                  Amin; ties are free or given (by the ranks) *)
open Amin_model
module Z = Big_int_Z

let word () = Scanf.scanf " %s" (fun read -> read)
let integer () = Z.big_int_of_string (word ())
let count () = int_of_string (word ())

let rec times n f =
  if n = 0 then [] else
  let first = f () in
  first :: times (n - 1) f

let request id () =
  incr id;
  let prompt_len = integer () in
  let output_len = integer () in
  let lower = integer () in
  let upper = match word () with "-" -> None | known -> Some (Z.big_int_of_string known) in
  let arrival = integer () in
  let rank_of = integer () in
  { id = Z.big_int_of_int !id; prompt_len; output_len; lower; upper; arrival; rank_of }

let instance () =
  let capacity = integer () in
  let block = integer () in
  let n = count () in
  (capacity, block, times n (request (ref (-1))))

let policy capacity block = function
  | "amin" -> amin capacity block
  | "amax" -> amax capacity block
  | "h-sf" -> h_sf capacity block
  | "svf" -> svf capacity block
  | "fcfs" -> fcfs capacity block
  | other -> failwith ("no policy is called " ^ other)

let show = Z.string_of_big_int

let show_run x =
  Printf.printf "%s %s %s %d\n" (show x.of0.id) (show x.start) (show x.stop)
    (if x.completed then 1 else 0)

let runs requests =
  let table = Array.of_list requests in
  let run () =
    let request = count () in
    let start = integer () in
    let stop = integer () in
    let completed = count () = 1 in
    { of0 = table.(request); start; stop; completed } in
  let n = count () in
  times n run

let places = function
  | "free" -> level_or_before
  | "given" -> not_after
  | other -> failwith ("ties are free or given, not " ^ other)

let share rounds () =
  let places = integer () in
  let most = integer () in
  let ignored = integer () in
  let lead = integer () in
  let share_prices = times rounds integer in
  { places; most; ignored; lead; share_prices }

let stretch () =
  let first_round = integer () in
  let rounds = count () in
  let token_prices = times rounds integer in
  let n = count () in
  { first_round; token_prices; shares = times n (share rounds) }

(* Answers S, or R where `made` is simulate_keeping. *)
let show_schedule made =
  let name = word () in
  let (capacity, block, requests) = instance () in
  match made (policy capacity block name) max_int requests with
  | None -> print_endline "none"
  | Some runs ->
    Printf.printf "%d %s\n" (List.length runs) (show (total_latency runs));
    List.iter show_run runs

let answer = function
  | "S" -> show_schedule simulate
  | "R" -> show_schedule simulate_keeping
  | "K" ->
    let (capacity, block, requests) = instance () in
    print_endline (if check capacity block requests (runs requests) then "valid" else "invalid")
  | "C" ->
    let denominator = integer () in
    let n = count () in
    let prices = times n integer in
    let (capacity, block, requests) = instance () in
    print_endline (show (bound (usable capacity block) block prices denominator requests))
  | "F" ->
    let order = places (word ()) in
    let (capacity, block, requests) = instance () in
    (match conform capacity block order requests (runs requests) with
     | Conforms -> print_endline "conforms"
     | Invalid -> print_endline "invalid"
     | Departs round -> Printf.printf "departs %s\n" (show round))
  | "V" ->
    let denominator = integer () in
    let n = count () in
    let stretches = times n stretch in
    let (capacity, block, requests) = instance () in
    (match verify capacity block denominator stretches requests with
     | None -> print_endline "malformed"
     | Some bound -> print_endline (show bound))
  | other -> failwith ("no command is called " ^ other)

let () =
  try
    while true do
      let command = word () in
      if command = "" then raise End_of_file;
      answer command;
      flush stdout
    done
  with End_of_file -> ()
