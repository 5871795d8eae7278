#!/usr/bin/env bash
# Check all proofs and say what they rest on, and compile the extracted program amin_model:
#   bash build.sh           everything
#   bash build.sh program   the program alone, without the audit and without coqchk
# Needs Coq 8.16 and Zarith: apt-get install coq libzarith-ocaml-dev
set -euo pipefail
cd "$(dirname "$0")"
export LC_ALL=C

# The files in the order in which they need one another.
mapfile -t files < <(grep '\.v$' _CoqProject)

# Each file is named, and each name is a file.
diff <(printf '%s\n' "${files[@]}" | sort) <(find . -name '*.v' ! -name Audit.v -printf '%P\n' | sort)

find . \( -name '*.vo*' -o -name '*.glob' -o -name '.*.aux' \) -delete
for file in "${files[@]}"; do coqc -q -R . AminRef "$file"; done
ocamlfind ocamlopt -O3 -package zarith -linkpkg -w -a amin_model.mli amin_model.ml main.ml -o amin_model
[ "${1:-everything}" != program ] || exit 0

# What each theorem of Book.v and each example of Witness.v rests on. Coq answers, not a search
# for words: nothing but "Closed under the global context" may be said.
names() { sed -nE "s/^($1) ([A-Za-z0-9_']+).*/\2/p" "$2"; }
{
    echo "From AminRef Require Import Book Witness."
    for name in $(names Theorem Book.v); do echo "Print Assumptions Book.$name."; done
    for name in $(names Example Witness.v); do echo "Print Assumptions Witness.$name."; done
} > Audit.v
coqc -q -R . AminRef Audit.v > audit.txt
count=$(grep -c '^Print Assumptions' Audit.v)
if [ "$(sort -u audit.txt)" != "Closed under the global context" ] || [ "$(wc -l < audit.txt)" != "$count" ]; then
    cat audit.txt
    echo "some statement rests on an assumption"
    exit 1
fi

# The independent checker reads the compiled files again. It prints what the whole rests on.
coqchk -silent -o -R . AminRef AminRef.Book AminRef.Witness > coqchk.txt 2>&1 || { cat coqchk.txt; exit 1; }
for section in 'Axioms' 'Constants/Inductives relying on type-in-type' \
    'Constants/Inductives relying on unsafe (co)fixpoints' 'Inductives whose positivity is assumed'; do
    grep -qF "* $section: <none>" coqchk.txt || { cat coqchk.txt; exit 1; }
done

paste -d ' ' <(sed -nE 's/^Print Assumptions (.*)\.$/\1:/p' Audit.v) audit.txt
echo "$count statements, no assumption; coqchk finds no axiom"
