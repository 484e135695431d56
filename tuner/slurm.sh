#!/bin/bash
# One worker for each node, all GPUs of a node in it. Submit with: sbatch tuner/slurm.sh
# A lost node ends all workers; --requeue starts the job again, and it goes on from its checkpoint.
#SBATCH --job-name=kcx-train
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=kcx-train-%j.log

set -euo pipefail
port=$((20000 + SLURM_JOB_ID % 20000))  # the same on all nodes, another one for another job
workers=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed "s/.*/\"&:$port\"/" | paste -sd,)
export workers

# --kill-on-bad-exit: when one worker ends with an error, so do the others.
code=0
srun --kill-on-bad-exit=1 bash -c '
    export TF_CONFIG="{\"cluster\": {\"worker\": [$workers]},
                       \"task\": {\"type\": \"worker\", \"index\": $SLURM_PROCID}}"
    exec python examples/train_distributed.py --output "${KCX_OUTPUT:-$HOME/kcx-train}"
' || code=$?
if [ "$code" -ne 0 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 3 ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
