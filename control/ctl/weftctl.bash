# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
#
# Completion of weftctl for bash. Commands and options come from weftctl's own help, names from weftd.

# The commands below a command, or its options.
_weftctl_help() {
	weftctl "${global[@]}" "$@" --help 2>/dev/null | awk '/^  [a-z-]/ { sub(/\[.*/, "", $1); print $1 }'
}

# The first column of a list; nothing where weftd does not answer.
_weftctl_column() {
	weftctl "${global[@]}" "$@" 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_weftctl_names() {
	case ${1%s} in
	port | network | group) _weftctl_column "${1%s}" list ;;
	plan) weftctl "${global[@]}" get plan 2>/dev/null | grep -o '^ \{8\}"[^"]*"' | tr -d ' "' ;;
	kind)
		weftctl "${global[@]}" explain-object 2>/dev/null | sed -n 's/^\([a-z-]*\): .*/\1/p' | grep . ||
			echo "network port group plan limits host retired tenant-rules provider-rules"
		;;
	esac
}

_weftctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i=1 words=() global=() offer=

	while ((i < COMP_CWORD)); do
		case ${COMP_WORDS[i]} in
		--socket | --dev) global+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}") && ((i++)) ;;
		--json) ;;
		*) words+=("${COMP_WORDS[i]}") ;;
		esac
		((i++))
	done
	COMPREPLY=()
	case $prev in
	--socket | -f | --path) compopt -o default 2>/dev/null && return ;;
	--dev) mapfile -t COMPREPLY < <(compgen -d -- "$cur") && return ;;
	--network | --group | --groups | --plan | --port)
		mapfile -t COMPREPLY < <(compgen -W "$(_weftctl_names "${prev#--}")" -- "$cur") && return
		;;
	esac
	case "${words[*]}" in
	"") offer="$(_weftctl_help) --socket --dev --json --version --help" ;;
	"get" | "set" | "delete" | "explain-object") offer=$(_weftctl_names kind) ;;
	"get "[npg]* | "set "[npg]* | "delete "[npg]*) offer=$(_weftctl_names "${words[1]}") ;;
	"drops" | "retire" | "explain" | "where") offer=$(_weftctl_names port) ;;
	"port show" | "port del" | "network check" | "network del" | "group show" | "group del" | "plan show" | "plan del")
		offer=$(_weftctl_names "${words[0]}")
		;;
	"rule add" | "rule del") offer=$(_weftctl_names group) ;;
	"rule add "*" "*" "*) offer=$(_weftctl_help rule add) ;;
	"rule add "*" "*) offer="allow deny reject" ;;
	"rule add "*) offer="in out" ;;
	"network add" | "port add" | "group add" | "plan add") ;;
	*) offer=$(_weftctl_help "${words[@]}") ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$offer" -- "$cur")
}

complete -F _weftctl weftctl
