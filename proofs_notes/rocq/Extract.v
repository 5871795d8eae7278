(* Model.v, Keeping.v, Check.v, Conform.v, Certificate.v and Verify.v as an OCaml program. Z becomes
   Zarith's exact integers; nat only counts list cells and loops, so it becomes int. *)
From Coq Require Import ZArith List Extraction ExtrOcamlBasic ExtrOcamlZBigInt ExtrOcamlNatInt.
From AminRef Require Import Records Model Certificate Formula Verify Check Conform.
From AminRef.resume Require Import Keeping.

Extract Constant Z.to_nat => "(fun z -> Stdlib.max 0 (Big_int_Z.int_of_big_int z))".
Extract Constant Z.of_nat => "Big_int_Z.big_int_of_int".

Extraction "amin_model.ml" simulate simulate_keeping amin amax h_sf svf fcfs total_latency check
  usable bound verify conform level_or_before not_after.
