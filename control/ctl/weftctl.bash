# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
#
# Completion of weftctl for bash: commands and kinds by themselves, names as weftd knows them.

# The first column of a list that weftd gives; nothing where it is not there.
_weftctl_names() {
	weftctl "${global[@]}" "$@" 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_weftctl_values() {
	case $1 in
	port) _weftctl_names port list ;;
	network) _weftctl_names network list ;;
	group) _weftctl_names group list ;;
	plan) weftctl "${global[@]}" get plan 2>/dev/null | grep -o '^ \{8\}"[^"]*"' | tr -d ' "' ;;
	kind) echo "network port group plan limits host retired tenant-rules provider-rules" ;;
	esac
}

_weftctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i=1 words=()
	local global=() commands="status apply diff get set delete explain-object wait generations undo hosts where retire network port
		group rule session plan top drops audit workers fdb sriov uplink explain"

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
	--network | --group | --plan | --port) mapfile -t COMPREPLY < <(compgen -W "$(_weftctl_values "${prev#--}")" -- "$cur") && return ;;
	esac
	case "${words[*]}" in
	"") set -- "$commands --socket --dev --json --version --help" ;;
	"network" | "port" | "group") set -- "add list show del $([ "${words[0]}" = network ] && echo check)" ;;
	"rule") set -- "add del hits" ;;
	"session") set -- "list show count kill" ;;
	"plan") set -- "add del show" ;;
	"sriov") set -- "list show create destroy" ;;
	"uplink") set -- "show" ;;
	"workers") set -- "rebalance" ;;
	"get" | "set" | "delete" | "explain-object") set -- "$(_weftctl_values kind)" ;;
	"port show" | "port del" | "drops" | "retire" | "explain" | "where") set -- "$(_weftctl_values port)" ;;
	"network check" | "network del" | "group show" | "group del" | "rule add" | "rule del")
		set -- "$(_weftctl_values "${words[0]/rule/group}")"
		;;
	"plan show" | "plan del") set -- "$(_weftctl_values plan)" ;;
	"get "[npg]* | "set "[npg]* | "delete "[npg]*) set -- "$(_weftctl_values "${words[1]}")" ;;
	"port add "*) set -- "--network --mac --ip --vm --host --group --plan --access --trunk --native --tpid --qinq --path --server
		--queues --rings --device --interface --vf --passthrough --lenient --gateway --rate --worker --max-macs --down" ;;
	"network add "*) set -- "--vlan --vxlan --geneve --mtu --no-learning --no-snooping --no-firewall" ;;
	"group add "*) set -- "--default-in --default-out --on-revocation" ;;
	"rule add "*" "*) set -- "in out allow deny reject --protocol --ports --icmp-type --remote --priority --name --stateless --log" ;;
	"plan add "*) set -- "--from-vm --to-vm --burst-from-vm --burst-to-vm --pps-from-vm --pps-to-vm --min-rate --weight --dscp" ;;
	"session "*) set -- "--port --address --state --limit --all" ;;
	"apply"*) set -- "-f --dry-run --wait --prune" ;;
	"diff"*) set -- "-f" ;;
	"top"*) set -- "--once --plans" ;;
	*) set -- "" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

complete -F _weftctl weftctl
