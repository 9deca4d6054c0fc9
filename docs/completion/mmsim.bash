# bash completion for mmsim. To use it: source docs/completion/mmsim.bash

_mmsim()
{
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]}
    local tables='slabinfo buddyinfo pagetypeinfo meminfo kmemleak allocinfo vmallocinfo failure'
    local policies='opt lru mru fifo random clock second-chance nru nfu aging lfu lru-k slru 2q arc car lirs
        clock-pro sieve s3-fifo linux mglru wsclock working-set pff'
    local common='--set --config --seed --no-color --help'
    COMPREPLY=()

    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'run check walk map info bench mrc trace list --help --version' -- "$word")
        return
    fi
    if [ "$previous" = info ] && [ "$command" = info ]; then
        mapfile -t COMPREPLY < <(compgen -W "$tables --help" -- "$word")
        return
    fi
    if [ "$command" = trace ] && [ "$COMP_CWORD" -eq 2 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'info --help' -- "$word")
        return
    fi
    if [ "$command" = trace ] && [[ $word != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
    fi
    case $previous in
    --check-invariants)
        mapfile -t COMPREPLY < <(compgen -W 'every step end off' -- "$word")
        return
        ;;
    --sanitize)
        mapfile -t COMPREPLY < <(compgen -W 'tlb' -- "$word")
        return
        ;;
    --access)
        mapfile -t COMPREPLY < <(compgen -W 'r w x' -- "$word")
        return
        ;;
    --policy)
        mapfile -t COMPREPLY < <(compgen -W "all $policies" -- "$word")
        return
        ;;
    --view)
        mapfile -t COMPREPLY < <(compgen -W 'exact bits:1000' -- "$word")
        return
        ;;
    --refaults)
        mapfile -t COMPREPLY < <(compgen -W 'references evictions' -- "$word")
        return
        ;;
    --trace | --plot)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --set | --seed | --by | --at | --step | --frames | --warm-up | --clean-first | --costs | --threads | --sample)
        return
        ;;
    esac
    case $command:$word in
    run:-*) common="$common --json --events --check-invariants --sanitize --quiet --verbose" ;;
    check:-*) common="$common --quiet" ;;
    walk:-*) common="$common --by --at --access --step" ;;
    map:-*) common="$common --step" ;;
    info:-*) common="$common --step --json" ;;
    bench:*)
        common='--trace --policy --frames --view --warm-up --clean-first --costs --belady --refaults --seed'
        common="$common --json --csv --plot --threads --no-time --no-color --help"
        ;;
    mrc:*)
        common='--trace --policy --sample --check --frames --json --csv --plot --seed --threads --no-color --help'
        ;;
    trace:-*) common='--json --no-color --help' ;;
    list:*) common='verbs stats models cpus events devices tables policies config --json --no-color --help' ;;
    *)
        mapfile -t COMPREPLY < <(compgen -f -X '!*.y*ml' -- "$word"; compgen -d -- "$word")
        return
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$common" -- "$word")
}
complete -o filenames -F _mmsim mmsim
