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

# Those that Extract.v needs, for the program alone.
if [ "${1:-everything}" = program ]; then
    mapfile -t files < <(coqdep -R . AminRef "${files[@]}" | awk '
        $1 ~ /\.vo$/ { for (i = 2; i <= NF; i++) if ($i ~ /\.vo$/) needs[$1] = needs[$1] " " $i }
        function visit(file, names, i) {
            if (file in seen) return
            seen[file] = 1
            split(needs[file], names)
            for (i in names) visit(names[i])
        }
        END { visit("Extract.vo"); for (file in seen) { sub(/vo$/, "v", file); print file } }
    ' | grep -Fxf - _CoqProject)
fi

find . \( -name '*.vo*' -o -name '*.glob' -o -name '.*.aux' \) -delete
for file in "${files[@]}"; do coqc -q -R . AminRef "$file"; done
ocamlfind ocamlopt -O3 -package zarith -linkpkg -w -a amin_model.mli amin_model.ml main.ml -o amin_model
[ "${1:-everything}" != program ] || exit 0

# What the theorems of the three books and the examples of Witness.v rest on. Coq answers, not a search for
# words: nothing but "Closed under the global context" may be said. One question about all at once
# takes a tenth of the time of one question for each; where something is assumed, each is asked.
names() { sed -nE "s/^($1) ([A-Za-z0-9_']+).*/\2/p" "$2"; }
books=(Book BookOfRatios BookOfTokens)
mapfile -t all < <(
    for book in "${books[@]}"; do names Theorem "$book.v" | sed "s/^/$book./"; done
    names Example Witness.v | sed 's/^/Witness./'
)
audit() { coqc -q -R . AminRef Audit.v > audit.txt; }
{
    echo "From AminRef Require Import ${books[*]} Witness."
    echo "Definition everything := ($(IFS=,; echo "${all[*]}"))."
    echo "Print Assumptions everything."
} > Audit.v
audit
if [ "$(cat audit.txt)" != "Closed under the global context" ]; then
    { echo "From AminRef Require Import ${books[*]} Witness."; printf 'Print Assumptions %s.\n' "${all[@]}"; } > Audit.v
    audit
    cat audit.txt
    echo "some statement rests on an assumption"
    exit 1
fi

# The independent checker reads the compiled files again. It prints what the whole rests on. The
# proofs by computation run on the kernel's bytecode machine, as in Coq.
coqchk -bytecode-compiler yes -silent -o -R . AminRef "${books[@]/#/AminRef.}" AminRef.Witness > coqchk.txt 2>&1 || { cat coqchk.txt; exit 1; }
for section in 'Axioms' 'Constants/Inductives relying on type-in-type' \
    'Constants/Inductives relying on unsafe (co)fixpoints' 'Inductives whose positivity is assumed'; do
    grep -qF "* $section: <none>" coqchk.txt || { cat coqchk.txt; exit 1; }
done

printf '%s: Closed under the global context\n' "${all[@]}"
echo "${#all[@]} statements, no assumption; coqchk finds no axiom"
